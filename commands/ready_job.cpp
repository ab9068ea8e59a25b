#include "commands/ready_job.h"

#include <ctime>

#include "commands/job_plan.h"
#include "commands/run_choice.h"
#include "lib/job/initial_weights.h"
#include "lib/job/load.h"

namespace fdl::commands {

namespace fs = std::filesystem;

std::optional<config::Manifest> load_job_of_run(const std::string& run,
                                                const ManifestChoice& changed, Context& context,
                                                Diagnostics& problems) {
  std::vector<std::string> overrides = changed.words;
  overrides.insert(overrides.end(), changed.sets.begin(), changed.sets.end());
  for (const std::string& word : overrides) {
    if (word.find('=') != std::string::npos) continue;
    problems.add(error(Code::BadCommandLine, {}, "'{}' does not go with --from", word)
                     .help("the manifest is the run's; only key=value can change it"));
  }
  if (!changed.preset.empty() || !changed.env.empty()) {
    problems.add(error(Code::BadCommandLine, {}, "--from takes no --preset and no --env")
                     .help("the run's manifest has what they changed then"));
  }
  if (problems.has_errors()) return std::nullopt;
  const Result<fs::path> folder = choose_run(run, context);
  if (!folder) {
    problems.add(folder.error());
    return std::nullopt;
  }
  return job::load_run(*folder, problems, overrides);
}

std::optional<ReadyJob> make_ready(std::optional<config::Manifest> manifest, bool is_new,
                                   Diagnostics& problems, Context& context, int& code) {
  job::Checked checked;
  if (manifest) checked = job::check(*manifest, context.environment, false, problems);
  if (checked.graph && is_new) job::plan_loads(*checked.graph, problems);
  if (manifest && !problems.has_errors() && !checked.job) {
    problems.add(error(Code::NoJob, manifest->root.span, "this manifest has no job to run")
                     .help("a job needs `model:`, `data:` and `training:`"));
  }
  context.report(problems, false);
  code = problems.has_errors() ? static_cast<int>(exit_code_of(problems)) : 0;
  if (code != 0) return std::nullopt;
  if (is_new) {
    const Result<void> settled = settle_batch_size(manifest->root, checked, context);
    if (!settled) code = context.fail(settled.error());
  }
  if (code != 0) return std::nullopt;
  return ReadyJob{*std::move(manifest), std::move(checked)};
}

std::string timestamp_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &parts);
  return text;
}

}  // namespace fdl::commands
