#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include <ATen/core/Tensor.h>

#include "lib/base/result.h"
#include "lib/graph/graph.h"
#include "lib/job/job.h"
#include "lib/train/event_log.h"

namespace fdl::train {

struct TrainSetup {
  std::filesystem::path run;     // the run's folder
  bool resume = false;           // from its newest whole checkpoint, if it has one
  at::Device device = at::kCPU;  // that all is computed on; likewise
  std::int64_t threads = 1;      // that libtorch uses; part of what a checkpoint belongs to
  bool replay = false;           // only to compute a saved batch again
  bool profile = false;          // measure nodes: profile.json and trace.json in the run's folder
  std::optional<double> max_time_s = {};  // instead of the job's
  double until_share = 1;                 // of all updates: pause after these, to go on by a resume
  // The signal that asks to stop after the step that runs, or 0. Called once a step.
  std::function<int()> stop_signal;
  // Whether somebody asked for a checkpoint since the last call. Called once a step.
  std::function<bool()> is_save_asked = {};
};

struct TrainEnd {
  std::int64_t step = 0;
  int signal = 0;          // that stopped it, or 0 when it is done
  std::string early_stop;  // why it is done before its end; "" when it is not
  bool out_of_time = false;
  bool is_paused = false;
};

// Computes the batch again that a run saved when a value was not finite, at the weights of then.
// Empty when all of it is finite now; else what is not. Errors: FDL5206, those of its files.
Result<std::optional<Diagnostic>> replay(const graph::Graph& graph, const job::Job& job,
                                         const TrainSetup& setup, const EventLog& events);

// Trains a job to its end, or until a signal asks to stop; in both cases the last state is in a
// checkpoint. A run that was stopped, or killed, and goes on ends with the bits of a run that was
// not. Errors: FDL5101 and FDL5102 (data), FDL5202 and FDL5204 (the checkpoint is another model's,
// or of another number of threads), FDL5403 (the loss), FDL5404, FDL5002 (a checkpoint or record
// cannot be written; former checkpoints are kept).
Result<TrainEnd> train(const graph::Graph& graph, const job::Job& job, const TrainSetup& setup,
                       const EventLog& events);

}  // namespace fdl::train
