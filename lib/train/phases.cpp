#include "lib/train/phases.h"

#include <cmath>

#include <fmt/format.h>

#include "lib/monitor/trend.h"

namespace fdl::train {
namespace {

// Whether the trend holds, with one more measurement if there is one.
bool holds(const job::Until::Trend& trend, std::vector<double>& seen,
           const std::map<std::string, double>& means) {
  const auto found = means.find(trend.metric);
  if (found == means.end() || !std::isfinite(found->second)) return false;
  seen.push_back(found->second);
  const auto window = static_cast<std::size_t>(trend.window);
  if (seen.size() > window) seen.erase(seen.begin());
  if (!monitor::is_full(seen, window)) return false;
  return trend.kind == job::Until::Trend::Kind::Stalled
             ? monitor::stalled(seen, window, trend.tolerance)
             : monitor::converged(seen, window, trend.tolerance);
}

}  // namespace

std::string observe(const job::Until& until, PhaseState& state, const Done& done,
                    const std::map<std::string, double>& means) {
  std::string out;
  state.seen.resize(until.trends.size());
  for (std::size_t i = 0; i < until.trends.size(); ++i) {
    const job::Until::Trend& trend = until.trends[i];
    const bool is_stalled = trend.kind == job::Until::Trend::Kind::Stalled;
    if (holds(trend, state.seen[i], means))
      out = fmt::format("{} has {} over {} measurements", trend.metric,
                        is_stalled ? "stalled" : "converged", trend.window);
  }
  if (until.reached) {
    const auto found = means.find(until.reached->metric);
    const double sign = until.reached->higher_is_better ? 1 : -1;
    if (found != means.end() && sign * (found->second - until.reached->value) >= 0)
      out = fmt::format("{} is {}", until.reached->metric, found->second);
  }
  if (until.epochs && done.epochs - state.first_epoch >= *until.epochs)
    out = fmt::format("{} epochs are done", *until.epochs);
  if (until.steps && done.steps - state.first_step >= *until.steps)
    out = fmt::format("{} steps are done", *until.steps);
  return out;
}

}  // namespace fdl::train
