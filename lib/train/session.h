#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/exec/executor.h"
#include "lib/optim/clip.h"
#include "lib/optim/optimizer.h"
#include "lib/optim/schedule.h"
#include "lib/tensor/store.h"
#include "lib/train/averages.h"
#include "lib/train/carried.h"
#include "lib/train/checkpoint.h"
#include "lib/train/lr_find.h"
#include "lib/train/machine_limits.h"
#include "lib/train/observer.h"
#include "lib/train/recorded_steps.h"
#include "lib/train/resource_log.h"
#include "lib/train/samples.h"
#include "lib/train/split.h"
#include "lib/train/step_log.h"
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
data::LoaderSpec train_loader_spec(const job::Job& job, const Split& train,
                                   std::int64_t num_epochs);

// Of a run that trains on `train` from `begin` to its end. Errors: FDL4002 when an epoch has no
// batch at all.
Result<Horizon> plan_horizon(const job::Job& job, const graph::Graph& graph, const Split& train,
                             const Done& begin);

// All that a training run holds: the parts, and where it stands.
class Session {
 public:
  static Result<std::unique_ptr<Session>> open(const graph::Graph& graph, const job::Job& job,
                                               const TrainSetup& setup, const EventLog& events);

  Result<TrainEnd> run();
  // Instead of run(): a few updates at growing rates. Nothing is saved. lr_find.cpp
  Result<std::vector<RatePoint>> range_test(const RangeTest& test);

  // replay.cpp: computes the batch again that a run had saved when a value was not finite. Empty
  // when all of it is finite now; else what is not. Errors: FDL5206, those of its files.
  Result<std::optional<Diagnostic>> replay();

 private:
  Session(const graph::Graph& graph, const job::Job& job, const TrainSetup& setup,
          const EventLog& events, std::vector<std::unique_ptr<Split>> trains);

  // Whether there was a checkpoint to go on from.
  Result<bool> resume();
  Result<void> restore(const std::filesystem::path& checkpoint);
  Result<void> next_batch(data::Loader& loader);
  std::int64_t end_of_update() const;
  Result<void> check_position() const;
  Result<void> step(data::Loader& loader);
  void move_on();

  // update.cpp: what one update computes.
  // The losses of the calls of one update: one, or as many positions as `bptt` says.
  Result<std::vector<Measured>> forward(Carried& carried, Totals& totals) const;
  // Forward, loss and backward of the present batch. Without gradients when the loss is not finite
  // and that is not ignored.
  Result<optim::Evaluation> evaluate_batch(Carried& carried, Totals& totals) const;
  // The same of all batches of one update, added up.
  Result<optim::Evaluation> evaluate_batches(data::Loader& loader);
  // What an update that is left out goes back to.
  struct Before {
    Carried carried;
    std::vector<nn::RunningMean> losses;
    std::vector<nn::MetricState> metrics;  // without the rows that they keep
    std::vector<std::size_t> num_kept;     // and how many those were, of each
    std::vector<tensor::NamedTensor> buffers;
  };
  Before before_update() const;
  void go_back_to(const Before& before);
  Result<void> update(data::Loader& loader);
  Result<void> apply(const optim::Evaluation& here, const Before& before);
  optim::Rates rates() const;
  // An update on a GPU as its recording has it. False: it is to be taken op by op.
  Result<bool> take_recorded(data::Loader& loader);
  Result<void> report_op_by_op() const;
  Result<void> meet_not_finite(data::Loader& loader, const optim::Evaluation& here,
                               const Before& before);
  Result<void> leave_out(data::Loader& loader, const Before& before, const std::string& why);
  Result<void> pass_over(data::Loader& loader);
  std::string find_spike(double loss);
  double loss_scale() const;
  bool ignores_not_finite() const;
  std::int64_t batches_of_update() const;

  // not_finite.cpp: where the present batch first had what is not finite, with the batch saved for
  // replay.
  Diagnostic not_finite(const optim::Evaluation& here, const Before& before);
  Diagnostic trace_not_finite(const optim::Evaluation& here, Carried carried);
  Result<void> save_replay(const Carried& carried) const;

  Result<void> after_step();
  // Whether the update that comes next is one that `output.observe` looks at.
  bool is_observed() const;
  Result<void> report_observed();
  // phase_change.cpp
  const job::Phase* phase() const;  // the one at hand; null without any
  void enter_phase();
  void make_schedule();
  const Split& data_of(std::int64_t phase) const;
  // Takes up the data of the phase at hand, and how long the run is with it.
  Result<void> take_data();
  Result<void> change_data();
  Result<void> begin_epoch();
  Result<void> observe_phase(const std::map<std::string, double>& means);
  std::map<std::string, double> whole_means(std::map<std::string, double> means) const;
  void observe_plateau(const std::map<std::string, double>& means);
  void observe_early_stop(const std::map<std::string, double>& means);
  Result<void> validate(const Split& val, monitor::Measures& measures);
  // The validation data at the weights as they are.
  Result<void> measure(const Split& val, const std::string& name, monitor::Measures& out) const;
  Result<void> report_eval(const Split& split, const monitor::Measures& measures) const;
  Result<void> save(const std::map<std::string, double>& means);
  Result<void> report_saved(bool wait);
  // What failed, with the state before it saved where that is whole.
  Diagnostic rescue(Diagnostic why);
  // The last record and checkpoint of a run that is stopped before its end.
  Result<void> stop();
  Result<void> test();
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
  std::int64_t mean_batch() const;
  std::vector<monitor::NodeTime> node_times() const;
  Result<void> write_profile() const;
  Result<void> report_start(std::int64_t resumed_from) const;
  Result<void> report_first();
  Result<void> report_steps();
  Result<void> report_progress();
  Result<void> write_progress();
  Result<void> report_notice(const std::string& text) const;
  Result<void> report_epoch(const monitor::Measures& measures);
  bool is_due(std::int64_t every_epochs, std::int64_t every_steps) const;
  bool saves_now() const;
  bool is_done() const {
    return state_.step >= horizon_.total_steps || !state_.early_stop.reason.empty();
  }
  bool is_epoch_over() const { return cuts_epoch_ || state_.batch == horizon_.batches_per_epoch; }

  const graph::Graph& graph_;
  const job::Job& job_;
  const TrainSetup& setup_;
  const EventLog& events_;
  std::vector<std::unique_ptr<Split>> trains_;  // `train`, then those that phases bring
  const Split* train_;                          // the one at hand
  bool cuts_epoch_ = false;                     // other data follows before its end
  std::vector<Split> vals_;
  Horizon horizon_;
  std::unique_ptr<const TeacherModel> teacher_;  // null where the job has none
  tensor::TensorStore store_;
  exec::Executor executor_;
  const std::vector<job::ParameterGroup>* groups_;  // that the optimizer was made of
  std::unique_ptr<optim::Optimizer> optimizer_;
  optim::Clip clip_;
  std::optional<RecordedSteps> recorded_;         // on a GPU, of the phase at hand
  std::optional<Averages> averages_;              // with `ema`
  std::unique_ptr<exec::NodeTimer> timer_;        // with setup.profile
  std::optional<monitor::MachineLimits> limits_;  // likewise
  std::optional<SampleKeeper> samples_;           // where the job keeps some
  std::optional<Observer> observer_;              // likewise
  bool observes_ = false;                         // the update that runs
  std::map<std::string, double> observed_;        // the last time
  optim::Schedule schedule_;
  Carried carried_;
  CheckpointWriter writer_;
  RunState state_;
  Totals totals_;  // of the epoch that runs

  std::optional<Before> before_;        // the update that runs
  bool is_moving_ = false;              // the weights: they are neither the former nor the next
  std::int64_t saved_step_ = 0;         // after which the last checkpoint was started,
  double saved_s_ = 0;                  // when, by run_seconds(),
  double stall_s_ = 0;                  // and how long it kept the steps waiting
  const data::Batch* batch_ = nullptr;  // the one at hand
  // Of the update that runs: its batches that are done, and their samples.
  std::int64_t num_batches_ = 0, num_samples_ = 0;
  double seconds_before_ = 0;             // of the run's former starts
  std::int64_t measured_step_ = -1;       // after which the validation data was measured last
  double lr_ = 0;                         // of the last update
  double last_loss_ = 0;                  // before it
  std::optional<double> grad_norm_;       // of the last update, where gradients are clipped
  double step_start_s_ = 0;               // by the clock of the events
  double last_report_s_ = 0;              // of the last progress event
  std::int64_t num_seen_ = 0;             // samples since then
  double busy_seconds_ = 0;               // spent in steps since then
  bool has_stepped_ = false;              // since this start
  StepLog steps_{0};                      // since the last record of them
  std::optional<ResourceLog> resources_;  // while steps run
  std::vector<double> step_ms_;           // of the steps of the epoch that runs, since this start
  double data_wait_ms_ = 0;               // what these waited for their batches
};

}  // namespace fdl::train
