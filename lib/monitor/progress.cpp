#include "lib/monitor/progress.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace fdl::monitor {
namespace {

constexpr double kPlainLinesPerRun = 20;

// Every number whose key names a measure of a part or set: "train/loss", "val/clean/accuracy";
// those of single classes, "val/f1/3", are too many for a line. A part or set is what has a loss.
std::string measures(const Event& event) {
  std::string out;
  for (const auto& [key, value] : event.numbers) {
    const std::size_t slash = key.rfind('/');
    if (slash == std::string::npos) continue;
    if (event.number(key.substr(0, slash) + "/loss")) out += fmt::format("  {} {:.4f}", key, value);
  }
  return out;
}

// "3/5", or "3" when nobody knows of how many.
std::string of(double number, double all) {
  return all > 0 ? fmt::format("{}/{}", number, all) : fmt::format("{}", number);
}

double of_time(double seconds, double seconds_left) {
  return seconds + seconds_left > 0 ? seconds / (seconds + seconds_left) : 0;
}

}  // namespace

std::string show_duration(double seconds) {
  const auto whole = static_cast<long>(std::max(0.0, seconds));
  if (whole >= 3600)
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{:02}:{:02}", whole / 60, whole % 60);
}

Progress::Progress(Screen screen, Verbosity verbosity)
    : screen_(std::move(screen)), verbosity_(verbosity) {}

// A window that was made narrower since has them on more rows.
void Progress::erase() {
  if (drawn_.empty()) return;
  const auto width = static_cast<std::size_t>(std::max(1, screen_.width()));
  std::size_t rows = 0;
  for (const std::size_t length : drawn_)
    rows += std::max<std::size_t>(1, (length + width - 1) / width);
  screen_.write(fmt::format("\x1b[{}A\r\x1b[J", rows));
  drawn_.clear();
}

void Progress::draw() {
  std::string text;
  std::vector<std::size_t> lengths;
  for (const std::string& line :
       live_.lines(std::max(20, screen_.width() - 1), screen_.has_unicode)) {
    text += line + "\n";
    lengths.push_back(num_characters(line));
  }
  erase();
  screen_.write(text);
  drawn_ = std::move(lengths);
}

void Progress::line(const std::string& text) {
  erase();
  screen_.write(text + "\n");
}

void Progress::finish() { drawn_.clear(); }

void Progress::show_progress(const Event& event) {
  if (screen_.is_terminal) return;
  const double step = event.number("step").value_or(0);
  const auto speed = event.number("samples_per_s");
  const double left_s = event.number("eta_s").value_or(0);
  // A run that only the clock ends has no number of steps.
  const double share = total_steps_ > 0 ? step / total_steps_ : of_time(event.time_s, left_s);
  constexpr double kRounding = 1e-9;
  if (share + kRounding < next_line_share_ && verbosity_ != Verbosity::Verbose) return;
  next_line_share_ = share + 1 / kPlainLinesPerRun;
  std::string text =
      fmt::format("epoch {} step {}{}", of(event.number("epoch").value_or(0), epochs_),
                  of(step, total_steps_), measures(event));
  if (speed) text += fmt::format("  {:.0f} samples/s  {} left", *speed, show_duration(left_s));
  line(text);
}

void Progress::show_epoch(const Event& event) {
  line(fmt::format("epoch {}{}  {}", of(event.number("epoch").value_or(0), epochs_),
                   measures(event), show_duration(event.number("train_seconds").value_or(0))));
}

void Progress::show_end(const Event& event) {
  if (event.text("reason") == "early_stop") line("stopped early: " + event.text("message"));
  if (event.text("reason") == "max_time")
    line(fmt::format("out of time after step {}", event.number("step").value_or(0)));
}

void Progress::show(const Event& event) {
  if (verbosity_ == Verbosity::Quiet) return;
  live_.take(event);
  if (event.kind == "start") {
    total_steps_ = event.number("total_steps").value_or(0);
    epochs_ = event.number("epochs").value_or(0);
    const double resumed = event.number("resumed_from_step").value_or(0);
    next_line_share_ = (total_steps_ > 0 ? resumed / total_steps_ : 0) + 1 / kPlainLinesPerRun;
    if (resumed > 0) line(fmt::format("going on from step {}", resumed));
  } else if (event.kind == "progress") {
    show_progress(event);
  } else if (event.kind == "epoch") {
    show_epoch(event);
  } else if (event.kind == "load") {
    line("load: " + event.text("summary"));
  } else if (event.kind == "notice") {
    line(fmt::format("step {}: {}", event.number("step").value_or(0), event.text("text")));
  } else if (event.kind == "checkpoint" && verbosity_ == Verbosity::Verbose) {
    line(fmt::format("saved {} in {:.2f} s", event.text("path"),
                     event.number("seconds").value_or(0)));
  } else if (event.kind == "end") {
    show_end(event);
    erase();
  }
  const bool redraws = event.kind != "end" && event.kind != "steps";
  if (screen_.is_terminal && redraws && !live_.is_empty()) draw();
}

}  // namespace fdl::monitor
