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

std::string bar(double share) {
  constexpr int kCells = 16;
  const int full = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * kCells));
  return std::string(static_cast<std::size_t>(full), '#') +
         std::string(static_cast<std::size_t>(kCells - full), '.');
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

Progress::Progress(bool is_terminal, std::function<void(const std::string&)> write,
                   std::function<int()> width)
    : is_terminal_(is_terminal), write_(std::move(write)), width_(std::move(width)) {}

void Progress::line(const std::string& text) {
  if (has_open_line_) write_("\r\x1b[K");
  has_open_line_ = false;
  write_(text + "\n");
}

void Progress::redraw(const std::string& text) {
  const auto room = static_cast<std::size_t>(std::max(20, width_() - 1));
  write_("\r" + text.substr(0, room) + "\x1b[K");
  has_open_line_ = true;
}

void Progress::finish() {
  if (has_open_line_) write_("\n");
  has_open_line_ = false;
}

void Progress::show_progress(const Event& event) {
  // A start event can be missed when a resumed run's records were just cut back.
  total_steps_ = event.number("total_steps").value_or(total_steps_);
  epochs_ = event.number("epochs").value_or(epochs_);
  const double step = event.number("step").value_or(0);
  const auto speed = event.number("samples_per_s");
  const double left_s = event.number("eta_s").value_or(0);
  // A run that only the clock ends has no number of steps.
  const double share = total_steps_ > 0 ? step / total_steps_ : of_time(event.time_s, left_s);
  std::string text =
      fmt::format("epoch {} [{}] step {}{}", of(event.number("epoch").value_or(0), epochs_),
                  bar(share), of(step, total_steps_), measures(event));
  if (speed) text += fmt::format("  {:.0f} samples/s  {} left", *speed, show_duration(left_s));
  if (is_terminal_) return redraw(text);
  constexpr double kRounding = 1e-9;
  if (share + kRounding < next_line_share_) return;
  next_line_share_ = share + 1 / kPlainLinesPerRun;
  line(text);
}

void Progress::show_epoch(const Event& event) {
  line(fmt::format("epoch {}{}  {}", of(event.number("epoch").value_or(0), epochs_),
                   measures(event), show_duration(event.number("train_seconds").value_or(0))));
}

void Progress::show(const Event& event) {
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
  } else if (event.kind == "end" && event.text("reason") == "early_stop") {
    line("stopped early: " + event.text("message"));
  } else if (event.kind == "end" && event.text("reason") == "max_time") {
    line(fmt::format("out of time after step {}", event.number("step").value_or(0)));
  }
}

}  // namespace fdl::monitor
