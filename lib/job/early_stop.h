#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/job/trend.h"

namespace fdl::job {

// `training.early_stop`: ends a run whose metric no longer improves.
struct EarlyStop {
  std::string metric;  // "val/loss"; "" where trends alone end it
  bool higher_is_better = false;
  std::int64_t patience = 5;        // measurements without improvement that end the run
  double min_delta = 0;             // how much better than the best counts
  std::optional<double> threshold;  // a value that is good enough
  std::int64_t min_epochs = 0;      // before the end of these it does not stop
  std::vector<Trend> trends;        // any of these ends it too
};

// What it has seen: saved with a run.
struct EarlyStopState {
  std::optional<double> best;
  std::int64_t best_step = 0;
  std::int64_t num_bad = 0;  // measurements since the last that was better
  SeenByTrends seen;
  std::string reason;  // a sentence once the run is to end

  friend bool operator==(const EarlyStopState&, const EarlyStopState&) = default;
};

// The state after one more measurement, `num_epochs` being those done. What is not a number is no
// improvement.
EarlyStopState observe(const EarlyStop& rule, EarlyStopState state, std::int64_t step,
                       std::int64_t num_epochs, double value);

}  // namespace fdl::job
