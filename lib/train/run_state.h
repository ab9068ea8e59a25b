#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/nn/metric.h"
#include "lib/optim/plateau.h"

namespace fdl::train {

// What a run knows beside its tensors: state.json of a checkpoint. Random streams and all
// schedules but a plateau are pure functions of the step and need no state.
struct RunState {
  struct Best {
    std::int64_t step = 0;
    double value = 0;
  };
  std::int64_t step = 0;      // updates done
  std::int64_t epoch = 0;     // epochs done
  std::int64_t batch = 0;     // batches done of the epoch that runs
  std::int64_t position = 0;  // of the batch that runs, of a model with states: positions done
  std::int64_t threads = 0;
  std::vector<nn::RunningMean> losses, metrics;  // over the epoch that runs
  double train_seconds = 0;                      // of the epoch that runs
  std::vector<Best> best;                        // best first
  optim::PlateauState plateau;                   // of a schedule that has one
};

// The text of state.json; numbers keep every bit.
std::string to_json(const RunState& state);

// Errors: FDL5001, FDL5201.
Result<RunState> read_run_state(const std::filesystem::path& checkpoint);

}  // namespace fdl::train
