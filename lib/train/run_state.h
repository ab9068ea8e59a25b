#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/job/early_stop.h"
#include "lib/nn/metric.h"
#include "lib/optim/plateau.h"
#include "lib/tensor/tensor_file.h"
#include "lib/train/loss_scale.h"
#include "lib/train/phases.h"

namespace fdl::train {

inline constexpr const char* kKeptRowsFile = "metrics.safetensors";

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
  std::string device = "cpu";            // or "cuda"
  std::vector<nn::RunningMean> losses;   // over the epoch that runs
  std::vector<nn::MetricState> metrics;  // likewise
  double train_seconds = 0;              // of the epoch that runs
  double seconds = 0;                    // of the run, all its starts together
  std::vector<Best> best;                // best first
  optim::PlateauState plateau;           // of a schedule that has one
  job::EarlyStopState early_stop;
  PhaseState phase;
  LossScale loss_scale;               // of `precision: f16`
  std::int64_t num_skipped = 0;       // updates left out
  std::vector<double> recent_losses;  // that spikes are held against
};

// The text of state.json; numbers keep every bit. What metrics keep row by row is not in it.
std::string to_json(const RunState& state);

// Those rows, as tensors of this file; none where no metric keeps any.
std::vector<tensor::NamedTensor> kept_rows(const RunState& state);

// state.json, and that file where something is kept. Errors: FDL5001, FDL5201.
Result<RunState> read_run_state(const std::filesystem::path& checkpoint);

}  // namespace fdl::train
