#include "lib/runs/control.h"

#include <csignal>
#include <cstdlib>

#include "lib/base/files.h"
#include "lib/job/run_folder.h"

namespace fdl::runs {
namespace {

namespace fs = std::filesystem;

// Whether the program has said what it does at that signal; it would die of it otherwise.
bool listens(int pid, int signal) {
  const Result<std::string> text = read_file(fmt::format("/proc/{}/status", pid), 1 << 16);
  const std::size_t at = text ? text->find("\nSigCgt:\t") : std::string::npos;
  if (at == std::string::npos) return false;
  const auto caught = std::strtoull(text->c_str() + at + 9, nullptr, 16);
  return (caught >> (signal - 1) & 1) != 0;
}

// The lock says which program works there; that it is still the same one, the system does.
Result<void> send(const fs::path& run, int signal) {
  const int pid = FileLock::holder(run / ".lock");
  std::error_code code;
  const std::string program =
      fs::read_symlink(fmt::format("/proc/{}/exe", pid), code).filename().string();
  const bool is_ours = program.starts_with("fdl");
  if (job::is_running(run) && pid > 0 && is_ours && listens(pid, signal) &&
      ::kill(pid, signal) == 0)
    return {};
  return fail(error(Code::RunMissing, {}, "the run '{}' does not run", run.filename().string())
                  .help("only a run that works can be stopped or have its state saved"));
}

}  // namespace

Result<void> stop(const fs::path& run) { return send(run, SIGINT); }

Result<void> save_now(const fs::path& run) { return send(run, SIGUSR1); }

}  // namespace fdl::runs
