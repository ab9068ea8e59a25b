#include "commands/command.h"
#include "commands/engine_process.h"
#include "commands/run_choice.h"
#include "lib/job/run_folder.h"
#include "lib/monitor/fold.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string run = "latest";
};

// How it ended, in the words and by the exit code that `fdl run` itself has.
int tell_end(const fs::path& run, const monitor::Status& status, Context& context) {
  if (status.state != "running") {
    const std::string why = status.message.value_or("");
    context.tell(fmt::format("{}{}\n", status.state, why.empty() ? "" : ": " + why));
    return status.state == "failed" ? static_cast<int>(ExitCode::Failed) : 0;
  }
  return context.fail(engine_died("the run was killed", run));
}

int run(const Options& options, Context& context) {
  const Result<fs::path> folder = choose_run(options.run, context);
  if (!folder) return context.fail(folder.error());
  context.tell("run: " + folder->lexically_relative(context.folder).string() + "\n");
  listen_to_signals();
  monitor::Progress progress(screen_of(context));
  monitor::EventReader reader(*folder / "events.jsonl");
  monitor::Fold fold;
  monitor::Status status;
  for (bool runs = true; runs && noted_signals().count == 0;) {
    runs = job::is_running(*folder);  // before reading, so that its last words are read
    const auto events = reader.read_new();
    if (!events) {  // it goes on from a checkpoint
      reader = monitor::EventReader(*folder / "events.jsonl");
      fold = {};
      continue;
    }
    for (const auto& placed : *events) {
      status.add(fold.take(placed.event).status);
      progress.show(placed.event);
    }
    if (runs) pause_50_ms();
  }
  progress.finish();
  return noted_signals().count > 0 ? 0 : tell_end(*folder, status, context);
}

}  // namespace

CommandSpec watch_command() {
  using O = Options;
  return command<O>("watch",
                    "Follow a run from another terminal, to its end; Ctrl-C leaves it alone.")
      .positional("run", &O::run,
                  "A run by folder, folder name or given name; by default the newest.")
      .example("fdl watch")
      .example("fdl watch baseline")
      .runs(run);
}

}  // namespace fdl::commands
