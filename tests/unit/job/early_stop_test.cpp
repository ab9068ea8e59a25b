#include "lib/job/early_stop.h"

#include <limits>
#include <vector>

#include <doctest/doctest.h>

namespace fdl::job {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// The step, one a measurement and epoch, after which the values end the run; 0 when they do not.
std::int64_t ends_at(const EarlyStop& rule, const std::vector<double>& values) {
  EarlyStopState state;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto step = static_cast<std::int64_t>(i + 1);
    state = observe(rule, state, step, step, values[i]);
    if (!state.reason.empty()) return step;
  }
  return 0;
}

EarlyStop rule(std::int64_t patience) {
  EarlyStop out;
  out.metric = "val/loss";
  out.patience = patience;
  return out;
}

}  // namespace

TEST_CASE("a run ends after so many measurements in a row that are no better than the best") {
  CHECK(ends_at(rule(2), {3, 2, 2.5, 1.9, 2, 1.95}) == 6);
  CHECK(ends_at(rule(2), {3, 2, 1, 0}) == 0);
  CHECK(ends_at(rule(1), {1, 1}) == 2);
  EarlyStop up = rule(2);
  up.higher_is_better = true;
  CHECK(ends_at(up, {0.5, 0.6, 0.6, 0.55}) == 4);
}

TEST_CASE("what counts as better, as good enough, and how early") {
  EarlyStop few = rule(2);
  few.min_delta = 0.1;
  CHECK(ends_at(few, {1, 0.95, 0.91}) == 3);
  CHECK(ends_at(few, {1, 0.95, 0.85, 0.8}) == 0);
  EarlyStop enough = rule(9);
  enough.threshold = 0.5;
  CHECK(ends_at(enough, {1, 0.6, 0.5, 0.1}) == 3);
  EarlyStop late = rule(1);
  late.min_epochs = 4;
  CHECK(ends_at(late, {1, 2, 3, 4, 5}) == 4);
}

TEST_CASE("what is not a number is no improvement, and the reason says what was seen") {
  CHECK(ends_at(rule(2), {kNan, kNan}) == 2);
  CHECK(ends_at(rule(2), {kNan, 5, kNan, 4}) == 0);
  EarlyStopState state = observe(rule(1), {}, 10, 1, 0.25);
  state = observe(rule(1), state, 20, 2, 0.5);
  CHECK(state.reason == "val/loss has not improved in 1 measurements; its best is 0.25 at step 10");
  CHECK(observe(rule(1), {}, 10, 1, kNan).reason ==
        "val/loss has not improved in 1 measurements; it never was a number");
}

}  // namespace fdl::job
