// The steps of a session, and what happens between them.
#include <algorithm>
#include <cmath>

#include "lib/graph/description.h"
#include "lib/train/session.h"
#include "lib/train/trends.h"
#include "lib/train/watchdog.h"

namespace fdl::train {

Result<TrainEnd> Session::run() {
  if (job_.checkpoints.initial && state_.step == 0) FDL_TRY(save({}));
  FDL_TRY(report_start(state_.step));
  steps_ = StepLog(events_.seconds());
  resources_.emplace(events_);
  resources_->set_step(state_.step);
  const Split* loaded = nullptr;
  std::unique_ptr<data::Loader> loader;
  last_report_s_ = events_.seconds();
  std::optional<Watchdog> watchdog;
  if (job_.training.watchdog)
    watchdog.emplace(*job_.training.watchdog, [&](std::int64_t slow, const std::string& text) {
      static_cast<void>(events_.notice(slow, text));  // a full disk is the step's to tell
    });
  int signal = 0;
  while (!is_done() && signal == 0 && !is_out_of_time() && !is_paused()) {
    step_start_s_ = events_.seconds();
    if (loaded != train_) {
      const data::LoaderSpec spec = train_loader_spec(job_, *train_, horizon_.epochs);
      loader.reset();  // its memory first
      loader.reset(new data::Loader(train_->loader(spec, {state_.epoch, state_.batch})));
      loaded = train_;
    }
    if (watchdog) watchdog->begin(state_.step + 1);
    if (const Result<void> stepped = step(*loader); !stepped) return fail(rescue(stepped.error()));
    if (watchdog) watchdog->end();
    signal = setup_.stop_signal();
    FDL_TRY(after_step());
  }
  const bool paused = !is_done() && signal == 0 && is_paused();
  const bool out_of_time = !is_done() && signal == 0 && !paused;
  if (!is_done()) FDL_TRY(stop());
  FDL_TRY(report_saved(true));
  resources_.reset();
  if (job_.training.smoke && signal == 0) FDL_TRY(test());
  if (timer_) FDL_TRY(write_profile());
  return TrainEnd{state_.step, is_done() ? 0 : signal, state_.early_stop.reason, out_of_time,
                  paused};
}

Diagnostic Session::rescue(Diagnostic why) {
  if (is_moving_ || state_.step == saved_step_) return why;
  if (before_) go_back_to(*before_);
  Result<void> saved = save({});
  if (saved) saved = report_saved(true);
  if (!saved)
    return std::move(why).note("the state before it is not saved: {}", saved.error().message);
  return std::move(why).note("the state after step {} is saved: `fdl run --resume` goes on from it",
                             state_.step);
}

// What comes next is as it would have been: nothing that steers the training sees this stop.
Result<void> Session::stop() {
  monitor::Measures measures;
  const bool is_planned = is_out_of_time() || is_paused();
  const bool is_new = measured_step_ != state_.step;
  for (const Split& val : vals_) {
    if (is_planned && is_new) FDL_TRY(validate(val, measures));
  }
  return save(measures.numbers);
}

// The test data, after a smoke test.
Result<void> Session::test() {
  for (const job::DataSplit* wanted : job_.find_splits("test")) {
    Result<Split> split = Split::load(*wanted, job_, graph_, false);
    if (!split) return fail(split.error());
    split->use_tensors(store_.tensors());
    split->use_device(setup_.device);
    split->use_teacher(teacher_.get());
    monitor::Measures measures;
    FDL_TRY(measure(*split, split->name(), measures));
    FDL_TRY(report_eval(*split, measures));
  }
  return {};
}

Result<void> Session::next_batch(data::Loader& loader) {
  const double asked_s = events_.seconds();
  const Result<const data::Batch*> next = loader.next();
  if (!next) return fail(next.error());
  data_wait_ms_ += 1e3 * (events_.seconds() - asked_s);
  batch_ = *next;
  return {};
}

// A checkpoint from within a sequence goes on with what that batch had carried.
Result<void> Session::check_position() const {
  const bool fits =
      state_.position < train_->num_positions() && carried_.num_samples() == batch_->num_samples;
  if (fits) return {};
  return fail(error(Code::ResumeMismatch, {},
                    "the checkpoint is from position {} of sequences of {} samples, which this "
                    "data does not have",
                    state_.position, carried_.num_samples())
                  .help("the run's manifest.yml was changed; start a new run with `fdl run`"));
}

// The position after the last one of the update that runs.
std::int64_t Session::end_of_update() const {
  const std::int64_t num_positions = std::max<std::int64_t>(train_->num_positions(), 1);
  return std::min(state_.position + calls_per_update(graph_, num_positions), num_positions);
}

// After an update: to the next positions, or the next batches.
void Session::move_on() {
  ++state_.step;
  carried_.detach();
  state_.position = end_of_update();
  if (state_.position < train_->num_positions()) return;
  state_.position = 0;
  state_.batch += num_batches_;
  num_seen_ += num_samples_;
}

Result<void> Session::step(data::Loader& loader) {
  before_.reset();
  if (batch_ == nullptr || state_.position == 0) FDL_TRY(next_batch(loader));
  if (state_.position == 0)
    FDL_TRY(carried_.begin(batch_->num_samples, state_.batch == 0));
  else
    FDL_TRY(check_position());
  num_batches_ = num_samples_ = 0;
  observes_ = is_observed();
  if (observes_) executor_.set_watch(observer_->watch());
  {
    const exec::NodeTimer::Step measured(timer_.get());
    executor_.set_timer(timer_.get());
    const Result<void> updated = update(loader);
    executor_.set_timer(nullptr);  // validation is not measured
    executor_.set_watch({});
    if (!updated) return fail(updated.error());
  }
  move_on();
  if (observes_) FDL_TRY(report_observed());
  const double seconds = events_.seconds() - step_start_s_;
  state_.train_seconds += seconds;
  busy_seconds_ += seconds;
  step_ms_.push_back(1e3 * seconds);
  steps_.add({state_.step, last_loss_, lr_, 1e3 * seconds, grad_norm_});
  if (resources_) resources_->set_step(state_.step);
  return {};
}

bool Session::is_observed() const {
  if (!observer_) return false;
  const job::Observe& what = job_.observe;
  if (what.every_steps > 0) return (state_.step + 1) % what.every_steps == 0;
  const bool ends_epoch = end_of_update() >= train_->num_positions() &&
                          state_.batch + batches_of_update() == horizon_.batches_per_epoch;
  return ends_epoch && (state_.epoch + 1) % what.every_epochs == 0;
}

// Whether something that comes every so many epochs, or steps, comes after this step.
bool Session::is_due(std::int64_t every_epochs, std::int64_t every_steps) const {
  if (is_done()) return true;
  if (every_epochs > 0) return is_epoch_over() && (state_.epoch + 1) % every_epochs == 0;
  return every_steps > 0 && state_.step % every_steps == 0;
}

bool Session::saves_now() const {
  if (setup_.is_save_asked && setup_.is_save_asked()) return true;
  const job::Checkpoints& rule = job_.checkpoints;
  if (rule.every_seconds > 0) return run_seconds() - saved_s_ >= rule.every_seconds;
  return is_due(rule.every_epochs, rule.every_steps);
}

Result<void> Session::after_step() {
  const job::Training& training = job_.training;
  FDL_TRY(report_first());
  monitor::Measures measures;  // as they stand after this step; of training where they are read
  const bool saves = saves_now();
  const bool validates =
      !vals_.empty() && is_due(training.validate_every_epochs, training.validate_every_steps);
  const bool is_whole = is_epoch_over() || is_done();
  if (is_whole || saves || validates)
    train_->add_measures(totals_, measures, is_whole ? Which::All : Which::Cheap);
  for (const Split& val : vals_) {
    if (validates) FDL_TRY(validate(val, measures));
  }
  const job::KeptSamples& kept = job_.samples;
  const bool is_own_time = kept.every_epochs > 0 || kept.every_steps > 0;
  const bool keeps = is_own_time ? is_due(kept.every_epochs, kept.every_steps)
                                 : validates || (vals_.empty() && is_whole);
  if (samples_ && keeps) FDL_TRY(samples_->keep(setup_.run, state_.step));
  observe_plateau(measures.numbers);
  observe_early_stop(measures.numbers);
  FDL_TRY(observe_phase(measures.numbers));
  const bool is_cut = is_done() || is_epoch_over();  // by what was measured
  if (is_cut && !is_whole) train_->add_measures(totals_, measures);
  measures.numbers.insert(observed_.begin(), observed_.end());
  if (is_epoch_over() || is_done()) FDL_TRY(report_epoch(measures));
  FDL_TRY(is_epoch_over() ? begin_epoch() : report_progress());
  if (saves || is_done()) FDL_TRY(save(measures.numbers));
  return report_saved(false);
}

Result<void> Session::begin_epoch() {
  ++state_.epoch;
  state_.batch = 0;
  state_.position = 0;
  state_.train_seconds = 0;
  step_ms_.clear();
  data_wait_ms_ = 0;
  cuts_epoch_ = false;
  FDL_TRY(change_data());
  totals_ = train_->empty_totals();
  return {};
}

// A plateau looks at what was measured after this step: at training's means when an epoch ends.
void Session::observe_plateau(const std::map<std::string, double>& means) {
  for (const catalog::Choice& schedule : job_.training.schedules) {
    if (schedule.name() != "plateau") continue;
    const auto& params = schedule.as<catalog::schedules::PlateauParams>();
    const std::map<std::string, double> seen = whole_means(means);
    const auto found = seen.find(params.metric);
    if (found == seen.end()) return;
    const bool is_max =
        params.mode.empty() ? job_.training.higher_is_better(params.metric) : params.mode == "max";
    state_.plateau =
        optim::observe(params, is_max, optimizer_->base_lr(), state_.plateau, found->second);
    return;
  }
}

// As a plateau does, with the epochs that are done after this step.
void Session::observe_early_stop(const std::map<std::string, double>& means) {
  if (!job_.training.early_stop || is_done()) return;
  const job::EarlyStop& rule = *job_.training.early_stop;
  const std::int64_t num_epochs = state_.epoch + (is_epoch_over() ? 1 : 0);
  const std::map<std::string, double> seen = whole_means(means);
  if (const auto found = seen.find(rule.metric); found != seen.end())
    state_.early_stop =
        job::observe(rule, std::move(state_.early_stop), state_.step, num_epochs, found->second);
  const std::string trend = observe(rule.trends, state_.early_stop.seen, seen);
  if (!trend.empty() && num_epochs >= rule.min_epochs) state_.early_stop.reason = trend;
}

// Without those of a part of an epoch of training.
std::map<std::string, double> Session::whole_means(std::map<std::string, double> means) const {
  if (!is_epoch_over())
    std::erase_if(means, [](const auto& one) { return one.first.starts_with("train/"); });
  return means;
}

// Under their own name, the averages of the weights are measured too.
Result<void> Session::validate(const Split& val, monitor::Measures& measures) {
  measured_step_ = state_.step;
  monitor::Measures own;
  FDL_TRY(measure(val, val.name(), own));
  if (averages_ && job_.training.ema->evaluates) {
    averages_->exchange();
    const Result<void> measured = measure(val, job::averages_name(val.name()), own);
    averages_->exchange();
    if (!measured) return fail(measured.error());
  }
  measures.add(own);
  job::add_expressions(job_.training.expressions, val.name(), measures.numbers);
  if (is_epoch_over() || is_done()) return {};  // the epoch's record has them
  return report_eval(val, own);
}

Result<void> Session::report_eval(const Split& split, const monitor::Measures& measures) const {
  monitor::Event event;
  event.kind = "eval";
  event.add(measures);
  event.numbers["step"] = static_cast<double>(state_.step);
  event.numbers["num_samples"] = static_cast<double>(num_measured(split, job_));
  event.texts["split"] = split.name();
  return events_.write(event);
}

Result<void> Session::measure(const Split& val, const std::string& name,
                              monitor::Measures& out) const {
  const Result<Totals> totals = evaluate(executor_, graph_, val, job_);
  if (!totals) return fail(totals.error());
  val.add_measures(*totals, name, out);
  job::add_expressions(job_.training.expressions, name, out.numbers);
  return {};
}

// Saves the state after the last step; `means` are those that could be the best ones.
Result<void> Session::save(const std::map<std::string, double>& means) {
  const double start_s = events_.seconds();
  FDL_TRY(report_steps());  // a run that goes on from here has its records cut after this step
  FDL_TRY(report_saved(true));
  const auto found = means.find(job_.checkpoints.best_metric);
  if (found != means.end() && std::isfinite(found->second))
    enter_best(state_, job_.checkpoints, found->second);
  state_.seconds = saved_s_ = run_seconds();
  saved_step_ = state_.step;
  state_.losses = totals_.losses;
  state_.metrics = totals_.metrics;
  writer_.start(
      {tensor::snapshot(store_.tensors()), tensor::snapshot(optimizer_->state()),
       averages_ ? tensor::snapshot(averages_->tensors()) : std::vector<tensor::NamedTensor>(),
       tensor::snapshot(carried_.named()), state_, graph_.hash(),
       to_json(graph::describe(graph_))});
  stall_s_ = events_.seconds() - start_s;
  return {};
}

Result<void> Session::report_saved(bool wait) {
  const auto saved = writer_.collect(wait);
  if (!saved) return {};
  if (!*saved) return fail(saved->error());
  monitor::Event event;
  event.kind = "checkpoint";
  event.numbers = {{"step", static_cast<double>((*saved)->step)},
                   {"seconds", (*saved)->seconds},
                   {"stall_seconds", stall_s_},
                   {"is_best", (*saved)->is_best ? 1.0 : 0.0}};
  event.texts["path"] = (*saved)->path.lexically_relative(setup_.run).string();
  return events_.write(event);
}

}  // namespace fdl::train
