#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "commands/runs/runs.h"
#include "commands/table.h"
#include "lib/base/files.h"
#include "lib/monitor/progress.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// What environment.json and plan.json say, and the checkpoints that verify.
ordered_json details(const RunSummary& run) {
  ordered_json out = runs::to_json(run);
  for (const char* file : {"environment.json", "plan.json"}) {
    const Result<std::string> text = read_file(run.path / file, 1 << 26);
    const ordered_json from = text ? ordered_json::parse(*text, nullptr, false) : ordered_json();
    if (!from.is_object()) continue;
    for (const char* key :
         {"fdl", "project", "manifest", "cores", "command", "graph_hash", "num_parameters"}) {
      if (from.contains(key)) out[key] = from[key];
    }
  }
  out["checkpoints"] = ordered_json::array();
  for (const fs::path& checkpoint : job::whole_checkpoints({run.path}))
    out["checkpoints"].push_back(checkpoint.lexically_relative(run.path).string());
  return out;
}

std::string shown(const ordered_json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::vector<std::string> words;
  for (const ordered_json& item : value) words.push_back(shown(item));
  return fmt::format("{}", fmt::join(words, " "));
}

std::string measures_text(const RunSummary& run) {
  if (run.last.empty()) return "";
  std::vector<std::vector<std::string>> rows = {{"metric", "last", "best", "at step"}};
  for (const auto& [name, value] : run.last) {
    const auto best = run.best.find(name);
    const bool has_best = best != run.best.end();
    rows.push_back({name, fmt::format("{:.6g}", value),
                    has_best ? fmt::format("{:.6g}", best->second.value) : "",
                    has_best ? fmt::format("{}", best->second.step) : ""});
  }
  return "\n" + aligned_table(rows);
}

}  // namespace

int show_run(const RunsOptions& options, Context& context) {
  const auto runs =
      named_runs(options.names.empty() ? std::vector<std::string>{""} : options.names, context);
  if (!runs) return context.fail(runs.error(), options.json);
  for (const RunSummary& run : *runs) {
    if (!options.json && &run != &runs->front()) context.print("\n");
    const ordered_json all = details(run);
    if (options.json) {
      context.print(all.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
      continue;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& [key, value] : all.items()) {
      if (key == "last" || key == "best" || key == "seconds" || shown(value).empty()) continue;
      rows.push_back({key, key == "run" ? shown_run(run.path, context) : shown(value)});
    }
    rows.push_back({"time", monitor::show_duration(run.seconds)});
    std::string text;
    for (const auto& row : rows) text += fmt::format("{:<15} {}\n", row[0], row[1]);
    context.print(text + measures_text(run));
  }
  return 0;
}

}  // namespace fdl::commands
