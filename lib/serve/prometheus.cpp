// https://prometheus.io/docs/instrumenting/exposition_formats/
#include <cmath>

#include <nlohmann/json.hpp>

#include "lib/serve/routes.h"

namespace fdl::serve {
namespace {

// As the text of a label.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '"' || c == '\\')
      out += {'\\', c};
    else
      out += c;
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

// All samples of one name stand together, under what it means.
class Family {
 public:
  Family(const char* name, const char* help)
      : name_(name), text_(fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", name, help)) {}

  void add(const std::string& labels, double value) {
    text_ += fmt::format("{}{{{}}} {}\n", name_, labels, number(value));
  }
  void add(const std::string& labels, const std::optional<double>& value) {
    if (value) add(labels, *value);
  }
  const std::string& text() const { return text_; }

 private:
  const char* name_;
  std::string text_;
};

}  // namespace

std::string prometheus_text(runs::RunList& runs, Feeds& feeds) {
  Family states("fdl_run_state", "1 for the state that the run is in.");
  Family steps("fdl_step", "Updates that are done.");
  Family totals("fdl_total_steps",
                "Updates that the run is to have; 0 when only the clock ends it.");
  Family epochs("fdl_epoch", "The epoch that runs, from 1.");
  Family seconds("fdl_seconds", "Seconds of work, all starts of the run together.");
  Family left("fdl_eta_seconds", "Seconds that it still needs.");
  Family speeds("fdl_samples_per_second", "Training samples in a second.");
  Family values("fdl_value", "The last value of each number that the run records.");
  for (const auto& one : runs.summaries()) {
    const std::string id = one["id"].get<std::string>();
    const std::string run = fmt::format("run=\"{}\"", escaped(id));
    const std::string state = one["state"].get<std::string>();
    states.add(fmt::format("{},state=\"{}\"", run, escaped(state)), 1.0);
    steps.add(run, one["step"].get<double>());
    totals.add(run, one["total_steps"].get<double>());
    if (state != "running") continue;  // thousands of old ones would be of no use
    const auto feed = feeds.of(id, one["run"].get<std::string>());
    const monitor::Status status = feed->status();
    epochs.add(run, status.epoch);
    seconds.add(run, status.seconds);
    left.add(run, status.eta_s);
    speeds.add(run, status.samples_per_s);
    for (const auto& [name, value] : feed->last_values())
      values.add(fmt::format("{},name=\"{}\"", run, escaped(name)), value);
  }
  std::string out;
  for (const Family* family :
       {&states, &steps, &totals, &epochs, &seconds, &left, &speeds, &values})
    out += family->text();
  return out;
}

}  // namespace fdl::serve
