#include "lib/train/trends.h"

#include <cmath>

#include <fmt/format.h>

#include "lib/base/trend.h"

namespace fdl::train {
namespace {

// Whether the trend holds, with one more measurement if there is one.
bool holds(const job::Trend& trend, std::vector<double>& seen,
           const std::map<std::string, double>& means) {
  const auto found = means.find(trend.metric);
  if (found == means.end() || !std::isfinite(found->second)) return false;
  seen.push_back(found->second);
  const auto window = static_cast<std::size_t>(trend.window);
  if (seen.size() > window) seen.erase(seen.begin());
  if (!trend::is_full(seen, window)) return false;
  return trend.kind == job::Trend::Kind::Stalled ? trend::stalled(seen, window, trend.tolerance)
                                                 : trend::converged(seen, window, trend.tolerance);
}

}  // namespace

std::string observe(const std::vector<job::Trend>& trends, job::SeenByTrends& seen,
                    const std::map<std::string, double>& means) {
  std::string out;
  seen.resize(trends.size());
  for (std::size_t i = 0; i < trends.size(); ++i) {
    const bool is_stalled = trends[i].kind == job::Trend::Kind::Stalled;
    if (holds(trends[i], seen[i], means))
      out = fmt::format("{} has {} over {} measurements", trends[i].metric,
                        is_stalled ? "stalled" : "converged", trends[i].window);
  }
  return out;
}

}  // namespace fdl::train
