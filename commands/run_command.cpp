#include <algorithm>

#include "commands/command.h"
#include "commands/engine_process.h"
#include "commands/project_command.h"
#include "commands/ready_job.h"
#include "commands/run_choice.h"
#include "commands/watching.h"
#include "lib/job/duration.h"
#include "lib/job/load.h"
#include "lib/job/run_folder.h"
#include "lib/monitor/profile.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

struct Options {
  ManifestChoice manifest;
  bool resume = false;
  std::string run, from;
  std::string name, note;
  std::vector<std::string> tags;
  bool dry_run = false;
  bool profile = false;
  std::int64_t overfit = 0;
  bool smoke = false;
  std::string max_time;
  std::string replay;
  bool monitor = false;
  bool quiet = false, verbose = false;
  WatchChoice watch;

  // As values of the manifest, so that they are kept with the run.
  std::vector<std::string> overrides() const {
    std::vector<std::string> out;
    if (overfit > 0) out.push_back(fmt::format("training.overfit={}", overfit));
    if (smoke) out.emplace_back("training.smoke=true");
    if (!max_time.empty()) out.push_back("training.max_time=" + max_time);
    return out;
  }
};

// What `--profile` measured, when the run got so far.
void show_profile(const fs::path& run, Context& context) {
  if (const auto profile = monitor::read_profile(run)) {
    constexpr std::size_t kMostNodes = 25;
    const std::string shown = run.lexically_relative(context.folder).string();
    context.print(monitor::profile_table(*profile, kMostNodes));
    context.print(fmt::format("profile: {}/profile.json\ntrace: {}/trace.json\n", shown, shown));
  }
}

// What the command line says about a run, beside what was said before.
job::RunNotes notes_of(const Options& options, job::RunNotes former = {}) {
  if (!options.name.empty()) former.name = options.name;
  if (!options.note.empty()) former.note = options.note;
  for (const std::string& tag : options.tags) {
    if (std::find(former.tags.begin(), former.tags.end(), tag) == former.tags.end())
      former.tags.push_back(tag);
  }
  return former;
}

int train(const fs::path& run, const ReadyJob& ready, const Options& options, Context& context) {
  const Result<FileLock> lock = job::lock_run(run);
  if (!lock) return context.fail(lock.error());
  const job::RunNotes former = job::read_notes(run), notes = notes_of(options, former);
  if (const auto kept = notes == former ? Result<void>() : job::write_notes(run, notes); !kept)
    return context.fail(kept.error());
  std::unique_ptr<serve::Dashboard> dashboard;
  const std::optional<int> usual_port = ready.checked.job->monitor_port;
  const bool binds = options.watch.bind != WatchChoice().bind;
  if (options.monitor || options.watch.port || binds || usual_port) {
    serve::DashboardSpec spec;
    spec.folder = ready.output_dir();
    spec.opened = run;
    const fs::path inside = run.lexically_relative(spec.folder);
    if (inside.empty() || *inside.begin() == "..") {  // it goes on with a run of another place
      spec.folder = run.parent_path();
      spec.chosen = {run};
    }
    auto started = start_dashboard(std::move(spec), options.watch, usual_port, context);
    if (!started) return context.fail(started.error());
    dashboard = *std::move(started);
  }
  EngineCall call{{"train", run.string()}, run, ready.manifest.folder, &*lock};
  call.writes_tensorboard = ready.checked.job->writes_tensorboard;
  if (options.quiet) call.verbosity = monitor::Verbosity::Quiet;
  if (options.verbose) call.verbosity = monitor::Verbosity::Verbose;
  if (options.resume) call.arguments.emplace_back("--resume");
  if (options.profile) call.arguments.emplace_back("--profile");
  if (options.resume && !options.max_time.empty()) {
    const double seconds = job::parse_duration(options.max_time).value_or(0);
    call.arguments.insert(call.arguments.end(), {"--max-seconds", config::show_number(seconds)});
  }
  const int code = supervise(call, context);
  const std::string shown = run.lexically_relative(context.folder).string();
  context.print(fmt::format(
      "run: {0}\ncheckpoints: {0}/checkpoints\nmetrics: {0}/metrics.csv\nreport: {0}/report.html\n",
      shown));
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
  const int code = supervise({{"replay", folder->string()}, *folder, manifest->folder}, context);
  if (code == 0) context.print("the saved batch gives finite numbers here\n");
  return code;
}

// The words after `fdl` that mean the same as these options.
std::vector<std::string> words_of(const Options& options) {
  std::vector<std::string> out = {"run"};
  const ManifestChoice& chosen = options.manifest;
  out.insert(out.end(), chosen.words.begin(), chosen.words.end());
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) out.insert(out.end(), {option, value});
  };
  add("--from", options.from);
  add("--env", chosen.env);
  add("--preset", chosen.preset);
  for (const std::string& set : chosen.sets) add("--set", set);
  for (const std::string& set : options.overrides()) add("--set", set);
  return out;
}

int start_or_resume(const ReadyJob& ready, const Options& options, Context& context) {
  if (options.resume) {
    const Result<std::optional<job::RunFolder>> found =
        job::find_run(ready.output_dir(), ready.checked.graph->name, options.run);
    if (!found) return context.fail(found.error());
    if (*found) return train((*found)->path, ready, options, context);
  }
  const Result<ProcessSpec> engine = engine_spec({}, ready.manifest.folder, context);
  if (!engine) return context.fail(engine.error());
  const Result<job::RunFolder> folder =
      job::create_run(ready.manifest, *ready.checked.graph, *ready.checked.job,
                      {timestamp_now(), notes_of(options), words_of(options)});
  if (!folder) return context.fail(folder.error());
  Options fresh = options;
  fresh.resume = false;
  return train(folder->path, ready, fresh, context);
}

// FDL9001 for options that cannot be meant together.
std::optional<Diagnostic> contradiction(const Options& options) {
  const auto bad = [](const char* what, const char* help) {
    return error(Code::BadCommandLine, {}, "{}", what).help("{}", help);
  };
  if (options.resume && !options.from.empty())
    return bad("--resume and --from do not go together",
               "--resume goes on with a run, --from starts another one of the same manifest");
  if (options.quiet && options.verbose)
    return bad("--quiet and --verbose do not go together", "choose one of them");
  if (options.overfit < 0)
    return bad("--overfit takes a number of batches", "it must be at least 1");
  if (options.resume && (options.smoke || options.overfit > 0))
    return bad("--smoke and --overfit do not go with --resume", "they are for a new run");
  if (options.name.find_first_of("/@") != std::string::npos)
    return bad("the name of a run has no '/' and no '@'", "RUN@STEP means one of its checkpoints");
  return std::nullopt;
}

int run(const Options& options, Context& context) {
  if (const auto problem = contradiction(options)) return context.fail(*problem);
  if (!options.replay.empty()) return replay(options.replay, context);
  Diagnostics problems;
  std::optional<config::Manifest> manifest;
  if (!options.from.empty()) {
    ManifestChoice changed = options.manifest;
    const auto overrides = options.overrides();
    changed.sets.insert(changed.sets.end(), overrides.begin(), overrides.end());
    manifest = load_job_of_run(options.from, changed, context, problems);
  } else {
    Result<ChosenManifest> chosen = choose_manifest(options.manifest, context);
    if (!chosen) return context.fail(chosen.error());
    if (chosen->names.size() == 1) {
      const ProjectCommand found = find_project_command(*chosen, chosen->names.front(), context);
      if (found.kind == ProjectCommand::Kind::Shell) return run_shell_command(found, {}, context);
      chosen->selection.preset = chosen->names.front();
    }
    for (const std::string& one : options.overrides()) chosen->selection.overrides.push_back(one);
    manifest = load(*chosen, context, problems);
  }
  int code = 0;
  // A run that goes on has its values from its checkpoint.
  const auto ready = make_ready(std::move(manifest), !options.resume, problems, context, code);
  if (!ready) return code;
  if (!options.dry_run) return start_or_resume(*ready, options, context);
  const graph::Graph& graph = *ready->checked.graph;
  context.print(fmt::format("{} parameters; graph {}\n", graph.num_parameters(), graph.hash()));
  return 0;
}

}  // namespace

CommandSpec run_command() {
  return command<Options>(
             "run",
             "Train the job of a manifest, or one of its presets; or run one of its commands.")
      .group(&Options::manifest)
      .flag("resume", &Options::resume, "Go on with the newest run, or the one named by --run.")
      .option("run", &Options::run, "With --resume: a run's folder or name.")
      .option("from", &Options::from, "Run the manifest of this run again.")
      .option("name", &Options::name, "A name for the run, by which other commands find it.")
      .option("note", &Options::note, "A sentence that is kept with the run.")
      .option("tag", &Options::tags, "A word that is kept with the run; may be given again.")
      .flag("profile", &Options::profile,
            "Measure each node: a table at the end, profile.json and trace.json in the run.")
      .option("overfit", &Options::overfit,
              "Train on the first N batches again and again, without validation.")
      .flag("smoke", &Options::smoke,
            "One batch of everything: a step, validation, a checkpoint, the test data.")
      .option("max-time", &Options::max_time,
              "Stop, with a checkpoint, after so long: 90s, 5 minutes, 2h; all starts together.")
      .option("replay", &Options::replay,
              "Compute the batch again that a run saved when a value was not finite: its folder or "
              "name.")
      .flag("monitor", &Options::monitor,
            "Serve the live dashboard while the run runs, as `output.monitor` does.")
      .group(&Options::watch)
      .flag("quiet,-q", &Options::quiet, "Show no progress, only the results and what goes wrong.")
      .flag("verbose,-v", &Options::verbose, "Tell of checkpoints too, and of every record.")
      .flag("dry-run", &Options::dry_run, "Check everything, then stop.")
      .example("fdl run")
      .example("fdl run quick")
      .example("fdl run training.epochs=1")
      .example("fdl run --resume")
      .example("fdl run --smoke")
      .example("fdl run --max-time 2h")
      .example("fdl run --name wide --note \"twice the channels\" --tag paper params.width=64")
      .example("fdl run --from wide training.seed=2")
      .example("fdl run --profile training.steps=20")
      .example("fdl run --monitor --port 3000")
      .example("fdl run --replay 20260101-120000-1a2b3c")
      .runs(run);
}

}  // namespace fdl::commands
