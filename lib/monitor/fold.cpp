#include "lib/monitor/fold.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace fdl::monitor {
namespace {

constexpr std::array<std::string_view, 6> kNoted = {"epoch",         "step",        "num_steps",
                                                    "train_seconds", "num_samples", "lr"};

// All numbers of an event but what it notes about itself, at its step.
void add_measured(const Event& event, double time_s, Part& out) {
  const double step = event.number("step").value_or(0);
  for (const auto& [key, value] : event.numbers) {
    if (is_measured(key)) out.series[key].add(step, time_s, value);
  }
  for (const auto& [key, table] : event.tables) out.tables[key] = {step, table};
}

// The steps of one record lie evenly between its beginning and its end: nothing more is recorded.
void add_steps(const Event& event, double time_s, Part& out) {
  const auto at = event.series.find("steps");
  if (at == event.series.end() || at->second.empty()) return;
  const std::vector<double>& steps = at->second;
  const double took_s = event.time_s - event.number("from_s").value_or(event.time_s);
  const double first = steps.front(), last = event.number("step").value_or(steps.back());
  for (const auto& [key, values] : event.series) {
    if (key == "steps" || values.size() != steps.size()) continue;
    Series& series = out.series[key];
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const double left = last >= first ? (last - steps[i]) / (last - first + 1) : 0;
      series.add(steps[i], time_s - left * took_s, values[i]);
    }
  }
}

void begin(const Event& event, Part& out) {
  out.status.state = "running";
  out.status.message = out.status.last_words = "";
  out.status.total_steps = event.number("total_steps");
  out.status.epochs = event.number("epochs");
}

void add_progress(const Event& event, double time_s, Part& out) {
  Status& status = out.status;
  status.state = "running";
  status.epoch = event.number("epoch");
  status.epochs = event.number("epochs");
  status.total_steps = event.number("total_steps");
  status.eta_s = event.number("eta_s");
  status.samples_per_s = event.number("samples_per_s");
  if (status.samples_per_s)
    out.series["samples_per_s"].add(status.step.value_or(0), time_s, *status.samples_per_s);
}

void add_resources(const Event& event, double time_s, Part& out) {
  const double step = event.number("step").value_or(0);
  for (const auto& [key, value] : event.numbers) {
    if (key != "step") out.series["resources/" + key].add(step, time_s, value);
  }
}

std::string text_of_mark(const Event& event) {
  if (event.kind == "start") {
    const double resumed = event.number("resumed_from_step").value_or(0);
    return resumed > 0 ? fmt::format("went on from step {}", resumed) : "started";
  }
  if (event.kind == "checkpoint")
    return event.text("path") +
           (event.number("is_best").value_or(0) > 0 ? ", the best so far" : "");
  if (event.kind == "load") return event.text("summary");
  if (event.kind == "end") {
    const std::string message = event.text("message");
    return state_of_reason(event.text("reason")) + (message.empty() ? "" : ": " + message);
  }
  return event.text("text");
}

template <typename T>
void take_if(std::optional<T>& former, const std::optional<T>& later) {
  if (later) former = later;
}

}  // namespace

void Series::add(double at_step, double at_time_s, double one) {
  step.push_back(at_step);
  time_s.push_back(at_time_s);
  value.push_back(one);
}

void Status::add(const Status& later) {
  if (!later.state.empty()) state = later.state;
  take_if(message, later.message);
  take_if(last_words, later.last_words);
  for (const auto field : {&Status::step, &Status::total_steps, &Status::epoch, &Status::epochs,
                           &Status::seconds, &Status::eta_s, &Status::samples_per_s})
    take_if(this->*field, later.*field);
}

void Part::add(const Part& later) {
  for (const auto& [key, more] : later.series) {
    Series& all = series[key];
    all.step.insert(all.step.end(), more.step.begin(), more.step.end());
    all.time_s.insert(all.time_s.end(), more.time_s.begin(), more.time_s.end());
    all.value.insert(all.value.end(), more.value.begin(), more.value.end());
  }
  marks.insert(marks.end(), later.marks.begin(), later.marks.end());
  for (const auto& [key, table] : later.tables) tables[key] = table;
  status.add(later.status);
}

std::string state_of_reason(const std::string& reason) {
  if (reason == "early_stop") return "early stop";
  if (reason == "max_time") return "out of time";
  if (reason == "interrupted" || reason == "terminated") return "stopped";
  return reason;
}

bool is_measured(const std::string& key) {
  return std::find(kNoted.begin(), kNoted.end(), key) == kNoted.end();
}

double RunClock::take(const Event& event) {
  if (event.kind == "start") {
    before_s_ += last_s_;
    last_s_ = 0;
    is_open_ = true;
  }
  if (is_open_) last_s_ = std::max(last_s_, event.time_s);
  if (event.kind == "end") is_open_ = false;
  return before_s_ + last_s_;
}

Part Fold::take(const Event& event) {
  Part out;
  const double time_s = clock_.take(event);
  if (event.kind == "start") {
    begin(event, out);
    step_ = event.number("resumed_from_step").value_or(0);
  }
  // Other parts of the data are measured by some checkpoint, not after the last step.
  const bool is_of_training = event.kind != "eval" || event.text("split").starts_with("val");
  if (is_of_training) step_ = std::max(step_, event.number("step").value_or(0));
  out.status.step = step_;
  out.status.seconds = time_s;
  if (event.kind == "progress") add_progress(event, time_s, out);
  if (event.kind == "steps") add_steps(event, time_s, out);
  if (event.kind == "resources") add_resources(event, time_s, out);
  if (event.kind == "epoch") out.status.epoch = event.number("epoch");
  if (event.kind == "epoch" || event.kind == "eval" || event.kind == "observe")
    add_measured(event, time_s, out);
  if (event.kind == "end") {
    out.status.state = state_of_reason(event.text("reason"));
    out.status.message = event.text("message");
    out.status.eta_s = 0;
  }
  for (const char* kind : {"start", "checkpoint", "load", "notice", "end"}) {
    if (event.kind == kind)
      out.marks.push_back(
          {event.kind, event.number("step").value_or(event.number("resumed_from_step").value_or(0)),
           time_s, text_of_mark(event)});
  }
  return out;
}

}  // namespace fdl::monitor
