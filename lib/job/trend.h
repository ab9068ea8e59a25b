#pragma once

#include <string>
#include <vector>

#include "lib/base/trend.h"

namespace fdl::job {

// A way that a metric goes over its last measurements, which ends a phase or a run.
struct Trend {
  trend::Rule rule;
  std::string metric;  // "val/loss"
};

// What trends have seen, in their order: the last measurements of each. Saved with a run.
using SeenByTrends = std::vector<std::vector<double>>;

}  // namespace fdl::job
