// What a session tells while it runs.
#include <algorithm>
#include <numeric>
#include <unistd.h>

#include <torch/headeronly/version.h>

#include "lib/base/quantile.h"
#include "lib/monitor/profile.h"
#include "lib/monitor/step_figures.h"
#include "lib/train/device.h"
#include "lib/train/node_work.h"
#include "lib/train/session.h"

namespace fdl::train {
namespace {

constexpr double kProgressSeconds = 0.5;

}  // namespace

// 0 of a run that only the clock ends.
std::pair<double, double> Session::shown_length() const {
  if (horizon_.total_steps == kEndless) return {0, 0};
  return {static_cast<double>(horizon_.total_steps), static_cast<double>(horizon_.epochs)};
}

double Session::seconds_left(double samples_per_s) const {
  const double batches_per_step = static_cast<double>(horizon_.batches_per_epoch) /
                                  static_cast<double>(horizon_.steps_per_epoch);
  const double samples_per_step = batches_per_step * static_cast<double>(job_.training.batch_size);
  const double by_steps =
      static_cast<double>(horizon_.total_steps - state_.step) * samples_per_step / samples_per_s;
  const auto limit = max_time_s();
  return limit ? std::min(by_steps, std::max(0.0, *limit - run_seconds())) : by_steps;
}

Result<void> Session::report_start(std::int64_t resumed_from) const {
  monitor::Event event;
  event.kind = "start";
  event.numbers = {{"pid", static_cast<double>(::getpid())},
                   {"threads", static_cast<double>(setup_.threads)},
                   {"epochs", shown_length().second},
                   {"steps_per_epoch", static_cast<double>(horizon_.steps_per_epoch)},
                   {"total_steps", shown_length().first},
                   {"resumed_from_step", static_cast<double>(resumed_from)}};
  event.texts = {{"run", setup_.run.filename().string()},
                 {"torch", TORCH_VERSION},
                 {"device", device_name(setup_.device)}};
  return events_.write(event);
}

// However short a run is, it tells when its first step of this start was done.
Result<void> Session::report_first() {
  if (has_stepped_) return {};
  has_stepped_ = true;
  return write_progress();
}

Result<void> Session::report_progress() {
  const bool is_time = events_.seconds() - last_report_s_ >= kProgressSeconds;
  return is_time && num_seen_ > 0 ? write_progress() : Result<void>();
}

Result<void> Session::report_steps() {
  return steps_.is_empty() ? Result<void>() : events_.write(steps_.take(events_.seconds()));
}

Result<void> Session::write_progress() {
  FDL_TRY(report_steps());
  monitor::Event event;
  event.kind = "progress";
  monitor::Measures measures;
  train_->add_measures(totals_, measures, Which::Cheap);
  event.numbers = std::move(measures.numbers);
  event.numbers["epoch"] = static_cast<double>(state_.epoch + 1);
  event.numbers["epochs"] = shown_length().second;
  event.numbers["step"] = static_cast<double>(state_.step);
  event.numbers["total_steps"] = shown_length().first;
  event.numbers["lr"] = lr_;
  if (num_seen_ > 0) {  // none yet at the first positions of cut sequences
    const double samples_per_s = static_cast<double>(num_seen_) / busy_seconds_;
    event.numbers["samples_per_s"] = samples_per_s;
    event.numbers["eta_s"] = seconds_left(samples_per_s);
  }
  last_report_s_ = events_.seconds();
  num_seen_ = 0;
  busy_seconds_ = 0;
  return events_.write(event);
}

// Something about the step that runs.
Result<void> Session::report_notice(const std::string& text) const {
  return events_.notice(state_.step + 1, text);
}

// Where they are of single steps, they have records of their own; an epoch's has the last ones.
Result<void> Session::report_observed() {
  observed_ = observer_->take();
  if (job_.observe.every_steps == 0) return {};
  monitor::Event event;
  event.kind = "observe";
  event.numbers = observed_;
  event.numbers["step"] = static_cast<double>(state_.step);
  return events_.write(event);
}

Result<void> Session::report_epoch(const monitor::Measures& measures) {
  FDL_TRY(report_steps());
  monitor::Event event;
  event.kind = "epoch";
  event.add(measures);
  event.numbers["epoch"] = static_cast<double>(state_.epoch + 1);
  event.numbers["step"] = static_cast<double>(state_.step);
  event.numbers["num_steps"] =
      static_cast<double>(state_.step - state_.phase.data_step -
                          (state_.epoch - state_.phase.data_epoch) * horizon_.steps_per_epoch);
  event.numbers["train_seconds"] = state_.train_seconds;
  event.numbers["lr"] = lr_;
  if (const auto peak_bytes = peak_gpu_bytes(setup_.device))
    event.numbers[monitor::kPeakGpuMib] = static_cast<double>(*peak_bytes) / (1 << 20);
  for (const monitor::StepQuantile& one : monitor::kStepQuantiles)
    event.numbers[one.name] = quantile(step_ms_, one.share);
  event.numbers[monitor::kDataWaitPercent] =
      1e2 * data_wait_ms_ / std::accumulate(step_ms_.begin(), step_ms_.end(), 0.0);
  return events_.write(event);
}

// Samples of one, over an epoch: the last one may have fewer.
std::int64_t Session::mean_batch() const {
  const std::int64_t num_batches = horizon_.batches_per_epoch;
  const std::int64_t mean = (train_->num_samples() + num_batches / 2) / num_batches;
  return std::min(job_.training.batch_size, std::max<std::int64_t>(1, mean));
}

std::vector<monitor::NodeTime> Session::node_times() const {
  std::vector<monitor::NodeTime> out;
  const std::map<std::string, NodeWork> work = work_of_nodes(graph_, job_, mean_batch());
  const auto num_steps = static_cast<double>(std::max<std::int64_t>(1, timer_->num_steps()));
  const auto ms_per_step = [&](double us) { return us / 1000 / num_steps; };
  double all_us = 0;
  for (const exec::NodeTimer::Total& total : timer_->totals())
    all_us += total.forward_us + total.backward_us;
  for (const exec::NodeTimer::Total& total : timer_->totals()) {
    if (total.calls == 0) continue;  // a loop or switch: its nodes are there
    const NodeWork& of_call = work.at(total.node->path);
    const double calls_per_step = static_cast<double>(total.calls) / num_steps;
    out.push_back({total.node->path, total.calls, ms_per_step(total.forward_us),
                   ms_per_step(total.backward_us),
                   all_us > 0 ? (total.forward_us + total.backward_us) / all_us : 0,
                   calls_per_step * of_call.flops, calls_per_step * of_call.moved_bytes});
  }
  return out;
}

Result<void> Session::write_profile() const {
  monitor::Profile out;
  out.nodes = node_times();
  out.limits = limits_;
  out.num_steps = timer_->num_steps();
  out.warmup_steps = timer_->warmup_steps();
  out.step_ms =
      timer_->step_us() / 1000 / static_cast<double>(std::max<std::int64_t>(1, out.num_steps));
  FDL_TRY(monitor::write_profile(out, monitor::profile_file(setup_.run)));
  std::vector<monitor::TraceSpan> spans;
  for (const exec::NodeTimer::Span& span : timer_->last_spans()) {
    using Kind = exec::NodeTimer::Kind;
    const bool is_step = span.kind == Kind::Step;
    const std::string name = is_step                ? fmt::format("step {}", span.step + 1)
                             : span.node != nullptr ? span.node->path
                                                    : "loss";
    const char* category = is_step ? "step" : span.kind == Kind::Forward ? "forward" : "backward";
    spans.push_back({name, category, span.start_us, span.duration_us});
  }
  return monitor::write_trace(spans, setup_.run / "trace.json");
}

}  // namespace fdl::train
