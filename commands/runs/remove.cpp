#include "commands/runs/runs.h"
#include "lib/base/files.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

Result<void> remove_run(const fs::path& run) {
  const Result<FileLock> lock = job::lock_run(run);
  if (!lock) return fail(lock.error());
  // Without it the folder is no run, so that a removal that is cut short leaves none behind.
  std::error_code code;
  fs::remove(run / "manifest.yml", code);
  if (!code) fs::remove_all(run, code);
  if (code) return fail(cannot_write(run, code.value()));
  return {};
}

}  // namespace

int remove_runs(const RunsOptions& options, Context& context) {
  const auto runs = named_runs(options.names, context);
  if (!runs) return context.fail(runs.error(), options.json);
  std::string names;
  for (const RunSummary& run : *runs) {
    if (job::is_running(run.path)) {
      return context.fail(error(Code::RunBusy, {}, "'{}' is running", shown_run(run.path, context))
                              .help("wait for it to end, or stop it; nothing was removed"),
                          options.json);
    }
    names += fmt::format("  {}  {}\n", shown_run(run.path, context), run.state);
  }
  if (!options.yes) {
    const auto answer = context.ask(fmt::format("{}remove with all checkpoints? [y/N] ", names));
    if (!answer) {
      return context.fail(error(Code::BadCommandLine, {}, "there is nobody to confirm the removal")
                              .help("`--yes` removes without asking"),
                          options.json);
    }
    if (*answer != "y" && *answer != "yes") {
      context.tell("nothing was removed\n");
      return static_cast<int>(ExitCode::Failed);
    }
  }
  for (const RunSummary& run : *runs) {
    const Result<void> removed = remove_run(run.path);
    if (!removed) return context.fail(removed.error(), options.json);
    context.tell(fmt::format("removed {}\n", shown_run(run.path, context)));
  }
  return 0;
}

}  // namespace fdl::commands
