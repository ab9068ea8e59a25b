#include <algorithm>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "commands/run_choice.h"
#include "commands/runs/runs.h"
#include "commands/table.h"
#include "lib/monitor/progress.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

// The folder of the runs: the given one, or the manifest's output.dir.
Result<fs::path> folder_of_runs(const RunsOptions& options, Context& context) {
  if (!options.names.empty()) {
    const fs::path folder = context.folder / options.names.front();
    std::error_code code;
    if (fs::is_directory(folder, code)) return folder;
    return fail(error(Code::RunMissing, {}, "there is no folder '{}'", options.names.front())
                    .help("name a folder of runs"));
  }
  return output_folder(context);
}

std::string said(const job::RunNotes& notes) {
  std::string out = notes.name;
  for (const std::string& tag : notes.tags) out += (out.empty() ? "#" : " #") + tag;
  if (!notes.note.empty()) out += (out.empty() ? "" : "  ") + notes.note;
  return out;
}

std::string shown_value(const std::map<std::string, double>& values, const std::string& name) {
  const auto found = values.find(name);
  return found != values.end() ? fmt::format("{:.6g}", found->second) : "";
}

std::vector<std::string> row_of(const RunSummary& run, const fs::path& folder,
                                const std::string& wanted) {
  const std::string metric = runs::main_metric(run, wanted);
  const auto best = run.best.find(metric);
  const std::string steps = run.total_steps > 0 ? fmt::format("{}/{}", run.step, run.total_steps)
                                                : fmt::format("{}", run.step);
  const fs::path shown = run.path.lexically_relative(folder);
  return {shown == "." ? run.path.filename().string() : shown.string(),
          run.state,
          steps,
          metric,
          shown_value(run.last, metric),
          best != run.best.end() ? fmt::format("{:.6g}", best->second.value) : "",
          monitor::show_duration(run.seconds),
          said(run.notes)};
}

}  // namespace

int list_runs(const RunsOptions& options, Context& context) {
  const Result<fs::path> folder = folder_of_runs(options, context);
  if (!folder) return context.fail(folder.error(), options.json);
  std::vector<RunSummary> runs;
  for (const fs::path& run : job::list_runs(*folder)) runs.push_back(runs::summarize(run));
  if (options.json) {
    nlohmann::ordered_json out = nlohmann::ordered_json::array();
    for (const RunSummary& run : runs) out.push_back(runs::to_json(run));
    context.print(out.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    return 0;
  }
  if (runs.empty()) {
    context.tell(fmt::format("no runs in {}\n", shown_run(folder->lexically_normal(), context)));
    return 0;
  }
  std::vector<std::vector<std::string>> rows = {
      {"run", "state", "steps", "metric", "last", "best", "time", "name and note"}};
  for (const RunSummary& run : runs) rows.push_back(row_of(run, *folder, options.metric));
  context.print(aligned_table(rows));
  return 0;
}

}  // namespace fdl::commands
