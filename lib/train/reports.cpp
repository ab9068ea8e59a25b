// What a session tells while it runs.
#include <unistd.h>

#include <torch/headeronly/version.h>

#include "lib/train/session.h"

namespace fdl::train {
namespace {

constexpr double kProgressSeconds = 0.5;

}  // namespace

Result<void> Session::report_start(std::int64_t resumed_from) const {
  monitor::Event event;
  event.kind = "start";
  event.numbers = {{"pid", static_cast<double>(::getpid())},
                   {"threads", static_cast<double>(setup_.threads)},
                   {"epochs", static_cast<double>(horizon_.epochs)},
                   {"steps_per_epoch", static_cast<double>(horizon_.steps_per_epoch)},
                   {"total_steps", static_cast<double>(horizon_.total_steps)},
                   {"resumed_from_step", static_cast<double>(resumed_from)}};
  event.texts = {{"run", setup_.run.filename().string()}, {"torch", TORCH_VERSION}};
  return events_.write(event);
}

Result<void> Session::report_progress() {
  const double now = events_.seconds();
  if (now - last_report_s_ < kProgressSeconds || num_seen_ == 0) return {};
  const double samples_per_s = static_cast<double>(num_seen_) / busy_seconds_;
  const auto left = static_cast<double>(horizon_.total_steps - state_.step);
  monitor::Event event;
  event.kind = "progress";
  monitor::Measures measures;
  train_.add_measures(totals_, measures, Which::Cheap);
  event.numbers = std::move(measures.numbers);
  event.numbers["epoch"] = static_cast<double>(state_.epoch + 1);
  event.numbers["epochs"] = static_cast<double>(horizon_.epochs);
  event.numbers["step"] = static_cast<double>(state_.step);
  event.numbers["total_steps"] = static_cast<double>(horizon_.total_steps);
  event.numbers["lr"] = lr_;
  event.numbers["samples_per_s"] = samples_per_s;
  event.numbers["eta_s"] = left * static_cast<double>(job_.training.batch_size) / samples_per_s;
  last_report_s_ = now;
  num_seen_ = 0;
  busy_seconds_ = 0;
  return events_.write(event);
}

Result<void> Session::report_epoch(const monitor::Measures& measures) const {
  monitor::Event event;
  event.kind = "epoch";
  event.add(measures);
  event.numbers["epoch"] = static_cast<double>(state_.epoch + 1);
  event.numbers["step"] = static_cast<double>(state_.step);
  event.numbers["num_steps"] = static_cast<double>(state_.batch);
  event.numbers["train_seconds"] = state_.train_seconds;
  return events_.write(event);
}

}  // namespace fdl::train
