#include <ctime>

#include "commands/command.h"
#include "commands/engine_process.h"
#include "commands/manifest_choice.h"
#include "commands/project_command.h"
#include "commands/run_choice.h"
#include "lib/job/initial_weights.h"
#include "lib/job/job.h"
#include "lib/job/load.h"
#include "lib/job/run_folder.h"
#include "lib/monitor/profile.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

struct Options {
  ManifestChoice manifest;
  bool resume = false;
  std::string run;
  bool dry_run = false;
  bool profile = false;
  std::string replay;
};

std::string timestamp_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &parts);
  return text;
}

// What `--profile` measured, when the run got so far.
void show_profile(const fs::path& run, Context& context) {
  if (const auto profile = monitor::read_profile(run)) {
    constexpr std::size_t kMostNodes = 25;
    const std::string shown = run.lexically_relative(context.folder).string();
    context.print(monitor::profile_table(*profile, kMostNodes));
    context.print(fmt::format("profile: {}/profile.json\ntrace: {}/trace.json\n", shown, shown));
  }
}

int train(const fs::path& run, const fs::path& project, const Options& options, bool resume,
          Context& context) {
  std::vector<std::string> arguments = {"train", run.string()};
  if (resume) arguments.emplace_back("--resume");
  if (options.profile) arguments.emplace_back("--profile");
  const int code = supervise(arguments, run, project, context);
  const std::string shown = run.lexically_relative(context.folder).string();
  context.print(fmt::format("run: {}\ncheckpoints: {}/checkpoints\nmetrics: {}/metrics.csv\n",
                            shown, shown, shown));
  if (options.profile) show_profile(run, context);
  if (code == 130 || code == 143) context.tell("stopped; `fdl run --resume` goes on from here\n");
  return code;
}

// Computes the batch again at which a run had met a value that is not finite.
int replay(const std::string& name, Context& context) {
  const Result<fs::path> folder = choose_run(name, context);
  if (!folder) return context.fail(folder.error());
  Diagnostics problems;
  const auto manifest = job::load_run(*folder, problems);
  if (!manifest || problems.has_errors()) {
    context.report(problems, false);
    return static_cast<int>(ExitCode::BadInput);
  }
  const int code = supervise({"replay", folder->string()}, *folder, manifest->folder, context);
  if (code == 0) context.print("the saved batch gives finite numbers here\n");
  return code;
}

int run(const Options& options, Context& context) {
  if (!options.replay.empty()) return replay(options.replay, context);
  Result<ChosenManifest> chosen = choose_manifest(options.manifest, context);
  if (!chosen) return context.fail(chosen.error());
  if (chosen->names.size() == 1) {
    const ProjectCommand found = find_project_command(*chosen, chosen->names.front(), context);
    if (found.kind == ProjectCommand::Kind::Shell) return run_shell_command(found, {}, context);
    chosen->selection.preset = chosen->names.front();
  }
  Diagnostics problems;
  const auto manifest = load(*chosen, context, problems);
  job::Checked checked;
  if (manifest) checked = job::check(*manifest, context.environment, false, problems);
  // A run that goes on has its values from its checkpoint.
  if (checked.graph && !options.resume) job::plan_loads(*checked.graph, problems);
  if (manifest && !problems.has_errors() && !checked.job) {
    problems.add(error(Code::NoJob, manifest->root.span, "this manifest has no job to run")
                     .help("a job needs `model:`, `data:` and `training:`"));
  }
  context.report(problems, false);
  if (problems.has_errors()) return static_cast<int>(exit_code_of(problems));
  if (options.dry_run) {
    context.print(fmt::format("{} parameters; graph {}\n", checked.graph->num_parameters(),
                              checked.graph->hash()));
    return 0;
  }
  const fs::path output_dir = manifest->folder / checked.job->output_dir;
  if (options.resume) {
    Result<std::optional<job::RunFolder>> found =
        job::find_run(output_dir, checked.graph->name, options.run);
    if (!found) return context.fail(found.error());
    if (*found) return train((*found)->path, manifest->folder, options, true, context);
  }
  const Result<ProcessSpec> ready = engine_spec({}, manifest->folder, context);
  if (!ready) return context.fail(ready.error());
  const Result<job::RunFolder> folder =
      job::create_run(*manifest, *checked.graph, output_dir, timestamp_now());
  if (!folder) return context.fail(folder.error());
  return train(folder->path, manifest->folder, options, false, context);
}

}  // namespace

CommandSpec run_command() {
  return command<Options>(
             "run",
             "Train the job of a manifest, or one of its presets; or run one of its commands.")
      .group(&Options::manifest)
      .flag("resume", &Options::resume, "Go on with the newest run, or the one named by --run.")
      .option("run", &Options::run, "With --resume: a run's folder or name.")
      .flag("profile", &Options::profile,
            "Measure each node: a table at the end, profile.json and trace.json in the run.")
      .option("replay", &Options::replay,
              "Compute the batch again that a run saved when a value was not finite: its folder or "
              "name.")
      .flag("dry-run", &Options::dry_run, "Check everything, then stop.")
      .example("fdl run")
      .example("fdl run quick")
      .example("fdl run training.epochs=1")
      .example("fdl run --resume")
      .example("fdl run --profile training.steps=20")
      .example("fdl run --replay 20260101-120000-1a2b3c")
      .runs(run);
}

}  // namespace fdl::commands
