#pragma once

#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/job/job.h"
#include "lib/tensor/tensor_file.h"
#include "lib/train/run_state.h"

// checkpoints/step-<n>/ of a run: model.safetensors, optimizer.safetensors, of a job with `ema`
// ema.safetensors, of a model with states carried.safetensors, state.json, graph.json
// (lib/graph/description.h) and, written last, manifest.json.
namespace fdl::train {

inline constexpr const char* kAveragesFile = "ema.safetensors";

// Everything that goes into one checkpoint; nobody else writes to its tensors.
struct Snapshot {
  std::vector<tensor::NamedTensor> model, optimizer;
  std::vector<tensor::NamedTensor> averages;  // of the weights, of a job with `ema`
  std::vector<tensor::NamedTensor> carried;   // by the states of a model that has some
  RunState state;
  std::string graph_hash;
  std::string graph;  // the text of graph.json
};

struct SavedCheckpoint {
  std::filesystem::path path;
  std::int64_t step = 0;
  double seconds = 0;  // that the writing took
  bool is_best = false;
};

// Writes one checkpoint, so that at any moment it is either absent or whole.
// Errors: FDL5002; former checkpoints are kept then.
Result<SavedCheckpoint> save_checkpoint(const std::filesystem::path& checkpoints,
                                        const Snapshot& snapshot);

// Removes the checkpoints that are neither among the last nor among the best.
void remove_old_checkpoints(const std::filesystem::path& checkpoints, const job::Checkpoints& keep,
                            const std::vector<RunState::Best>& best);

// Removes what a writer that was killed left unfinished.
void remove_unfinished(const std::filesystem::path& checkpoints);

// Enters a value into the table of the best; whether it is one of them.
bool enter_best(RunState& state, const job::Checkpoints& keep, double value);

// Saves checkpoints in the background, one at a time.
class CheckpointWriter {
 public:
  CheckpointWriter(std::filesystem::path checkpoints, job::Checkpoints keep)
      : checkpoints_(std::move(checkpoints)), keep_(std::move(keep)) {}

  // Starts to save. The former save must have been collected.
  void start(Snapshot snapshot);
  // The outcome of the last save, once; empty when there is none or, unless `wait`, none yet.
  std::optional<Result<SavedCheckpoint>> collect(bool wait);

 private:
  std::filesystem::path checkpoints_;
  job::Checkpoints keep_;
  std::future<Result<SavedCheckpoint>> running_;
};

}  // namespace fdl::train
