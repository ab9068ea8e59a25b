#include <algorithm>

#include "commands/run_choice.h"
#include "commands/runs/runs.h"

namespace fdl::commands {

namespace fs = std::filesystem;

Result<std::vector<RunSummary>> named_runs(const std::vector<std::string>& names,
                                           Context& context) {
  std::vector<RunSummary> out;
  for (const std::string& name : names) {
    const Result<fs::path> run = choose_run(name, context);
    if (!run) return fail(run.error());
    const bool is_known = std::any_of(out.begin(), out.end(),
                                      [&](const RunSummary& one) { return one.path == *run; });
    if (!is_known) out.push_back(runs::summarize(*run));
  }
  return out;
}

std::string shown_run(const fs::path& run, const Context& context) {
  const fs::path relative = run.lexically_relative(context.folder);
  const bool is_inside = !relative.empty() && *relative.begin() != "..";
  return is_inside ? relative.string() : run.string();
}

}  // namespace fdl::commands
