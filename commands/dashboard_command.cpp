#include <algorithm>

#include "commands/command.h"
#include "commands/engine_process.h"
#include "commands/run_choice.h"
#include "commands/watching.h"
#include "lib/job/run_folder.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> names;
  WatchChoice watch;
};

// The folder that holds all of them.
fs::path common_folder(const std::vector<fs::path>& runs) {
  fs::path out = runs.front().parent_path();
  const auto holds = [&](const fs::path& run) {
    const fs::path inside = run.lexically_relative(out);
    return !inside.empty() && *inside.begin() != "..";
  };
  while (out.has_relative_path() && !std::all_of(runs.begin(), runs.end(), holds))
    out = out.parent_path();
  return out;
}

// What to show: a folder of runs, or runs by their names.
Result<serve::DashboardSpec> choose(const Options& options, Context& context) {
  serve::DashboardSpec out;
  std::error_code code;
  if (options.names.empty()) {
    const Result<fs::path> folder = output_folder(context);
    if (!folder) return fail(folder.error());
    out.folder = *folder;
    return out;
  }
  const fs::path first = context.folder / options.names.front();
  if (options.names.size() == 1 && fs::is_directory(first, code) && !job::is_run(first)) {
    out.folder = first.lexically_normal();
    return out;
  }
  for (const std::string& name : options.names) {
    const Result<fs::path> run = choose_run(name, context);
    if (!run) return fail(run.error());
    out.chosen.push_back(*run);
  }
  out.folder = common_folder(out.chosen);
  if (out.chosen.size() == 1) out.opened = out.chosen.front();
  return out;
}

int run(const Options& options, Context& context) {
  Result<serve::DashboardSpec> spec = choose(options, context);
  if (!spec) return context.fail(spec.error());
  listen_to_signals();
  const auto dashboard = start_dashboard(*std::move(spec), options.watch, std::nullopt, context);
  if (!dashboard) return context.fail(dashboard.error());
  context.tell("Ctrl-C ends it; runs go on\n");
  while (noted_signals().count == 0) pause_50_ms();
  return 0;
}

}  // namespace

CommandSpec dashboard_command() {
  using O = Options;
  return command<O>("dashboard", "Show runs in the browser, live or recorded, in one page.")
      .positional("runs", &O::names,
                  "Runs by folder, folder name or given name; or one folder of runs. By default "
                  "all of the project.")
      .group(&O::watch)
      .example("fdl dashboard")
      .example("fdl dashboard baseline wide --port 3000")
      .example("fdl dashboard runs/sweeps")
      .runs(run);
}

}  // namespace fdl::commands
