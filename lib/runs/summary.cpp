#include "lib/runs/summary.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "lib/base/files.h"
#include "lib/config/yaml.h"
#include "lib/job/load.h"
#include "lib/monitor/event_reader.h"
#include "lib/monitor/fold.h"

namespace fdl::runs {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json read_json(const fs::path& path) {
  const Result<std::string> text = read_file(path, 1 << 26);
  return text ? json::parse(*text, nullptr, false) : json();
}

// A measure is named by its part of the data, or is an expression that the run says it records.
bool is_measure(const std::string& key, const json& recorded) {
  return key.find('/') != std::string::npos || recorded.contains(key);
}

std::int64_t whole(const monitor::Event& event, const char* key) {
  return static_cast<std::int64_t>(event.number(key).value_or(0));
}

void take_measures(const monitor::Event& event, const json& recorded, RunSummary& out) {
  const std::int64_t step = whole(event, "step");
  for (const auto& [key, value] : event.numbers) {
    if (!is_measure(key, recorded)) continue;
    out.last[key] = value;
    const auto way = recorded.find(key);
    if (way == recorded.end() || !std::isfinite(value)) continue;
    const bool more_is_better = *way == "max";
    const auto former = out.best.find(key);
    const bool is_better =
        former == out.best.end() ||
        (more_is_better ? value > former->second.value : value < former->second.value);
    if (is_better) out.best[key] = {value, step};
  }
}

std::string checkpoint_metric(const fs::path& run) {
  Diagnostics ignored;
  const auto manifest = job::load_run(run, ignored);
  if (!manifest) return "";
  for (const char* path : {"output.checkpoint.keep.best.metric", "output.checkpoint.keep.best"}) {
    const config::Node* node = config::find_path(manifest->root, path);
    if (node != nullptr && node->is_scalar()) return node->text;
  }
  return "";
}

}  // namespace

std::string state_of(const monitor::Status& status, bool is_held) {
  if (status.state.empty()) return is_held ? "running" : "new";
  return status.state == "running" && !is_held ? "killed" : status.state;
}

RunSummary summarize(const fs::path& run) {
  RunSummary out;
  out.path = run;
  out.notes = job::read_notes(run);
  out.metric = checkpoint_metric(run);
  const json about = read_json(run / "environment.json");
  if (about.is_object() && about.contains("started") && about["started"].is_string())
    out.started = about["started"].get<std::string>();
  const json plan = read_json(run / "plan.json");
  json recorded = json::object();
  if (plan.is_object() && plan.contains("recorded") && plan["recorded"].is_object())
    recorded = plan["recorded"];
  monitor::Fold fold;
  monitor::Status status;
  for (const monitor::Event& event :
       monitor::read_events(run / "events.jsonl", {"steps", "resources", "observe"})) {
    status.add(fold.take(event).status);
    if (event.kind == "epoch" || event.kind == "eval") take_measures(event, recorded, out);
  }
  out.state = state_of(status, job::is_running(run));
  out.message = status.message.value_or("");
  out.step = static_cast<std::int64_t>(status.step.value_or(0));
  out.total_steps = static_cast<std::int64_t>(status.total_steps.value_or(0));
  out.epochs = static_cast<std::int64_t>(status.epochs.value_or(0));
  out.seconds = status.seconds.value_or(0);
  return out;
}

std::string main_metric(const RunSummary& run, const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  for (const std::string& name : {run.metric, std::string("val/loss"), std::string("train/loss")}) {
    if (run.last.count(name) != 0) return name;
  }
  return "";
}

nlohmann::ordered_json to_json(const RunSummary& run) {
  nlohmann::ordered_json out = {
      {"run", run.path.string()}, {"name", run.notes.name}, {"note", run.notes.note},
      {"tags", run.notes.tags},   {"state", run.state},     {"message", run.message},
      {"started", run.started},   {"step", run.step},       {"total_steps", run.total_steps},
      {"epochs", run.epochs},     {"seconds", run.seconds}};
  out["last"] = run.last;
  out["best"] = nlohmann::ordered_json::object();
  for (const auto& [name, best] : run.best)
    out["best"][name] = {{"value", best.value}, {"step", best.step}};
  return out;
}

}  // namespace fdl::runs
