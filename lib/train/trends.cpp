#include "lib/train/trends.h"

#include <fmt/format.h>

namespace fdl::train {

std::string observe(const std::vector<job::Trend>& trends, job::SeenByTrends& seen,
                    const std::map<std::string, double>& means) {
  std::string out;
  seen.resize(trends.size());
  for (std::size_t i = 0; i < trends.size(); ++i) {
    const auto& [rule, metric] = trends[i];
    const auto found = means.find(metric);
    if (found == means.end() || !trend::holds(rule, seen[i], found->second)) continue;
    out = fmt::format("{} has {} over {} measurements", metric,
                      rule.kind == trend::Kind::Stalled ? "stalled" : "converged", rule.window);
  }
  return out;
}

}  // namespace fdl::train
