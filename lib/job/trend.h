#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fdl::job {

// A way that a metric goes over its last measurements, which ends a phase or a run
// (lib/base/trend.h).
struct Trend {
  enum class Kind { Stalled, Converged } kind = Kind::Stalled;
  std::string metric;  // "val/loss"
  std::int64_t window = 5;
  double tolerance = 1e-4;
};

// What trends have seen, in their order: the last measurements of each. Saved with a run.
using SeenByTrends = std::vector<std::vector<double>>;

}  // namespace fdl::job
