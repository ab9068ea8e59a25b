#include <cerrno>
#include <chrono>
#include <signal.h>
#include <thread>

#include "lib/job/run_folder.h"

namespace fdl::job {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLock = ".lock";

bool is_alive(int pid) { return pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM); }

}  // namespace

Result<FileLock> lock_run(const fs::path& run) {
  constexpr std::chrono::milliseconds kPause(50);
  constexpr int kMostPauses = 1200;  // a minute: a step and a save of a large model
  const fs::path file = run / kLock;
  for (int pauses = 0;; ++pauses) {
    Result<std::optional<FileLock>> taken = FileLock::try_take(file);
    if (!taken) return fail(taken.error());
    if (*taken) return *std::move(*taken);
    const int holder = FileLock::holder(file);
    if (is_alive(holder) || pauses == kMostPauses) {
      Diagnostic d = error(Code::RunBusy, {}, "another fdl works in '{}'", run.string());
      if (holder > 0) d = std::move(d).note("it is process {}", holder);
      return fail(std::move(d).help("wait for it to end, or start a new run with `fdl run`"));
    }
    std::this_thread::sleep_for(kPause);
  }
}

bool is_running(const fs::path& run) { return FileLock::is_held(run / kLock); }

}  // namespace fdl::job
