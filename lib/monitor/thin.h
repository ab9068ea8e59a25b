#pragma once

#include <cstddef>

#include "lib/monitor/fold.h"

namespace fdl::monitor {

// A series with at most `points` of its points: the first, the last, and of each of even stretches
// the least and the greatest value; on top of these, of each one that is no number where there is
// any. A shorter series stays as it is. `points` is at least 4.
Series thinned(const Series& series, std::size_t points);

// The points between two places on the axis of steps or of time, both included, and the one on
// either side, so that a line that is drawn through them reaches the edges.
enum class Axis { Step, Time };
Series between(const Series& series, Axis axis, double from, double to);

}  // namespace fdl::monitor
