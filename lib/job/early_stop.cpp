#include "lib/job/early_stop.h"

#include <fmt/format.h>

namespace fdl::job {
namespace {

bool is_good_enough(const EarlyStop& rule, double value) {
  if (!rule.threshold) return false;
  return rule.higher_is_better ? value >= *rule.threshold : value <= *rule.threshold;
}

}  // namespace

EarlyStopState observe(const EarlyStop& rule, EarlyStopState state, std::int64_t step,
                       std::int64_t num_epochs, double value) {
  const double sign = rule.higher_is_better ? 1 : -1;
  const bool is_better =
      value == value && (!state.best || sign * (value - *state.best) > rule.min_delta);
  if (is_better) {
    state.best = value;
    state.best_step = step;
    state.num_bad = 0;
  } else {
    ++state.num_bad;
  }
  if (num_epochs < rule.min_epochs) return state;
  if (is_good_enough(rule, value)) {
    state.reason =
        fmt::format("{} is {}, as good as the threshold {}", rule.metric, value, *rule.threshold);
  } else if (state.num_bad >= rule.patience) {
    const std::string best =
        state.best ? fmt::format("its best is {} at step {}", *state.best, state.best_step)
                   : "it never was a number";
    state.reason =
        fmt::format("{} has not improved in {} measurements; {}", rule.metric, state.num_bad, best);
  }
  return state;
}

}  // namespace fdl::job
