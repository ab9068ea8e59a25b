#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/job/trend.h"

namespace fdl::train {

// Takes up what was measured, by name, and tells which trend holds: a sentence about the last that
// does, or nothing. One of fewer measurements than its window does not hold.
std::string observe(const std::vector<job::Trend>& trends, job::SeenByTrends& seen,
                    const std::map<std::string, double>& means);

}  // namespace fdl::train
