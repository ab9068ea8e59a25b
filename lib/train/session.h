#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "lib/exec/executor.h"
#include "lib/optim/optimizer.h"
#include "lib/optim/schedule.h"
#include "lib/tensor/store.h"
#include "lib/train/carried.h"
#include "lib/train/checkpoint.h"
#include "lib/train/lr_find.h"
#include "lib/train/samples.h"
#include "lib/train/split.h"
#include "lib/train/train.h"

namespace fdl::train {

inline constexpr std::int64_t kEndless = std::int64_t{1} << 53;

// How long a run is, in updates.
struct Horizon {
  std::int64_t batches_per_epoch = 0;
  std::int64_t steps_per_epoch = 0;
  std::int64_t total_steps = 0;  // kEndless when only the clock ends it
  std::int64_t epochs = 0;       // begun ones
};

// How training data is loaded.
data::LoaderSpec train_loader_spec(const job::Job& job, std::int64_t num_epochs);

// `updates_per_batch`: above 1 when the sequences of a model with states are cut. Errors: FDL4002
// when an epoch has no batch at all.
Result<Horizon> plan_horizon(const job::Job& job, std::int64_t num_samples,
                             std::int64_t updates_per_batch);

// All that a training run holds: the parts, and where it stands.
class Session {
 public:
  static Result<std::unique_ptr<Session>> open(const graph::Graph& graph, const job::Job& job,
                                               const TrainSetup& setup, const EventLog& events);

  Result<TrainEnd> run();
  // Instead of run(): a few updates at growing rates. Nothing is saved. lr_find.cpp
  Result<std::vector<RatePoint>> range_test(const RangeTest& test);

 private:
  Session(const graph::Graph& graph, const job::Job& job, const TrainSetup& setup,
          const EventLog& events, Split train_split);

  // Whether there was a checkpoint to go on from.
  Result<bool> resume();
  Result<void> restore(const std::filesystem::path& checkpoint);
  std::int64_t end_of_update() const;
  Result<void> check_position(const data::Batch& batch) const;
  Result<at::Tensor> forward(const data::Batch& batch, Carried& carried, Totals& totals) const;
  Result<void> step(const data::Batch& batch);
  // Forward, loss and backward at the present weights.
  Result<optim::Evaluation> evaluate_batch(const data::Batch& batch, Carried& carried,
                                           Totals& totals) const;
  Result<void> update(const data::Batch& batch);
  void move_on(const data::Batch& batch);
  Result<void> after_step();
  void observe_plateau(const std::map<std::string, double>& means);
  void observe_early_stop(const std::map<std::string, double>& means);
  Result<void> validate(monitor::Measures& measures);
  Result<void> report_eval(const Split& split, const monitor::Measures& measures) const;
  Result<void> save(const std::map<std::string, double>& means);
  Result<void> report_saved(bool wait);
  // The last record and checkpoint of a run that is stopped before its end.
  Result<void> stop();
  Result<void> test_one_batch();
  double run_seconds() const { return seconds_before_ + events_.seconds(); }
  std::optional<double> max_time_s() const {
    return setup_.max_time_s ? setup_.max_time_s : job_.training.max_time_s;
  }
  bool is_out_of_time() const { return max_time_s() && run_seconds() >= *max_time_s(); }
  bool is_paused() const {
    return setup_.until_share < 1 &&
           state_.step >= job::steps_of_share(setup_.until_share, horizon_.total_steps);
  }
  std::pair<double, double> shown_length() const;
  double seconds_left(double samples_per_s) const;
  Result<void> write_profile() const;
  Result<void> report_start(std::int64_t resumed_from) const;
  Result<void> report_progress();
  Result<void> report_epoch(const monitor::Measures& measures) const;
  bool is_due(std::int64_t every_epochs, std::int64_t every_steps) const;
  bool is_done() const {
    return state_.step >= horizon_.total_steps || !state_.early_stop.reason.empty();
  }
  bool is_epoch_over() const { return state_.batch == horizon_.batches_per_epoch; }

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
  std::unique_ptr<exec::NodeTimer> timer_;  // with setup.profile
  std::optional<SampleKeeper> samples_;     // where the job keeps some
  optim::Schedule schedule_;
  Carried carried_;
  CheckpointWriter writer_;
  RunState state_;
  Totals totals_;  // of the epoch that runs

  double seconds_before_ = 0;        // of the run's former starts
  std::int64_t measured_step_ = -1;  // after which the validation data was measured last
  double lr_ = 0;                    // of the last update
  double last_loss_ = 0;             // before it
  double step_start_s_ = 0;          // by the clock of the events
  double last_report_s_ = 0;         // of the last progress event
  std::int64_t num_seen_ = 0;        // samples since then
  double busy_seconds_ = 0;          // spent in steps since then
};

}  // namespace fdl::train
