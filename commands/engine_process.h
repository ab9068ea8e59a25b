#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "commands/context.h"
#include "lib/base/file_lock.h"
#include "lib/base/process.h"
#include "lib/monitor/event.h"
#include "lib/monitor/event_reader.h"
#include "lib/monitor/progress.h"

namespace fdl::commands {

// How the engine is started for a run: the program beside `fdl`, the active libtorch on its
// library path, its own process group. Errors: FDL5301, FDL5305, FDL5401.
Result<ProcessSpec> engine_spec(const std::vector<std::string>& arguments,
                                const std::filesystem::path& project, const Context& context);

// FDL5402 of a run whose engine is gone: what happened, its last words, and how it goes on.
Diagnostic engine_died(const std::string& what, const std::filesystem::path& run);

// What the engine is to do.
struct EngineCall {
  std::vector<std::string> arguments;
  std::filesystem::path run, project;
  const FileLock* lock = nullptr;  // of the run: the engine holds it too
  std::map<std::string, std::string> environment = {};
  monitor::Verbosity verbosity = monitor::Verbosity::Normal;
  bool writes_tensorboard = false;

  bool trains() const { return arguments.front() == "train"; }
};

// The engine at work in one run's folder. Its words go to log.txt.
class EngineRun {
 public:
  // Errors: those of engine_spec; FDL5003.
  static Result<EngineRun> start(const EngineCall& call, const Context& context);

  // What it recorded since the last call; nothing of what the run's former starts did.
  std::vector<monitor::Event> new_events();
  bool has_ended() { return process_.try_wait(); }
  void send_signal(int number) const { process_.send_signal(number); }
  // After its end: writes metrics.csv and tables, of training the timeline and the report too;
  // tells what went wrong; fdl's exit code.
  int finish(Context& context) const;

 private:
  EngineRun(Process process, const EngineCall& call, monitor::EventReader reader, bool is_ours)
      : process_(std::move(process)),
        run_(call.run),
        trains_(call.trains()),
        reader_(std::move(reader)),
        is_ours_(is_ours) {}

  Process process_;
  std::filesystem::path run_;
  bool trains_;
  monitor::EventReader reader_;
  bool is_ours_;  // what is read now: no former start's
};

// From here on SIGINT and SIGTERM are only noted.
void listen_to_signals();
// The last signal that was noted, and how many were.
struct NotedSignals {
  int last = 0;
  int count = 0;
};
NotedSignals noted_signals();
void pause_50_ms();

// Standard error, as what a run's progress is shown on.
monitor::Screen screen_of(const Context& context);

// Runs the engine over a run folder to its end: draws progress, passes signals on (SIGUSR1 too,
// which asks for a checkpoint). Returns fdl's exit code.
int supervise(const EngineCall& call, Context& context);

}  // namespace fdl::commands
