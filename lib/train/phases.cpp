#include "lib/train/phases.h"

#include <fmt/format.h>

#include "lib/train/trends.h"

namespace fdl::train {

std::string observe(const job::Until& until, PhaseState& state, const Done& done,
                    const std::map<std::string, double>& means) {
  std::string out = observe(until.trends, state.seen, means);
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
