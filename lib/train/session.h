#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "lib/exec/executor.h"
#include "lib/optim/optimizer.h"
#include "lib/optim/schedule.h"
#include "lib/tensor/store.h"
#include "lib/train/checkpoint.h"
#include "lib/train/split.h"
#include "lib/train/train.h"

namespace fdl::train {

// How long a run is, in updates.
struct Horizon {
  std::int64_t steps_per_epoch = 0;
  std::int64_t total_steps = 0;
  std::int64_t epochs = 0;  // begun ones
};

// How training data is loaded.
data::LoaderSpec train_loader_spec(const job::Job& job, std::int64_t num_epochs);

// Errors: FDL4002 when an epoch has no batch at all.
Result<Horizon> plan_horizon(const job::Job& job, std::int64_t num_samples);

// All that a training run holds: the parts, and where it stands.
class Session {
 public:
  static Result<std::unique_ptr<Session>> open(const graph::Graph& graph, const job::Job& job,
                                               const TrainSetup& setup, const EventLog& events);

  Result<TrainEnd> run();

 private:
  Session(const graph::Graph& graph, const job::Job& job, const TrainSetup& setup,
          const EventLog& events, Split train_split);

  Result<void> resume();
  Result<void> restore(const std::filesystem::path& checkpoint);
  Result<void> step(const data::Batch& batch);
  Result<void> after_step();
  void observe_plateau(const std::map<std::string, double>& means);
  void observe_early_stop(const std::map<std::string, double>& means);
  Result<void> validate(monitor::Measures& measures);
  Result<void> save(const std::map<std::string, double>& means);
  Result<void> report_saved(bool wait);
  Result<void> report_start(std::int64_t resumed_from) const;
  Result<void> report_progress();
  Result<void> report_epoch(const monitor::Measures& measures) const;
  bool is_due(std::int64_t every_epochs, std::int64_t every_steps) const;
  bool is_done() const {
    return state_.step >= horizon_.total_steps || !state_.early_stop.reason.empty();
  }
  bool is_epoch_over() const { return state_.batch == horizon_.steps_per_epoch; }

  const graph::Graph& graph_;
  const job::Job& job_;
  const TrainSetup& setup_;
  const EventLog& events_;
  Split train_;
  std::optional<Split> val_;
  Horizon horizon_;
  tensor::TensorStore store_;
  exec::Executor executor_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  optim::Schedule schedule_;
  CheckpointWriter writer_;
  RunState state_;
  Totals totals_;  // of the epoch that runs

  double lr_ = 0;              // of the last update
  double step_start_s_ = 0;    // by the clock of the events
  double last_report_s_ = 0;   // of the last progress event
  std::int64_t num_seen_ = 0;  // samples since then
  double busy_seconds_ = 0;    // spent in steps since then
};

}  // namespace fdl::train
