#include "commands/engine_process.h"

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/files.h"
#include "lib/base/terminal.h"
#include "lib/libtorch/home.h"
#include "lib/monitor/metrics_csv.h"
#include "lib/monitor/progress.h"
#include "lib/monitor/tables_csv.h"
#include "lib/monitor/tensorboard.h"
#include "lib/monitor/timeline.h"
#include "lib/runs/feed.h"
#include "lib/runs/report.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

// As the locale's variables say, in the order in which they count.
bool has_unicode(const Context& context) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value = context.variable(name);
    if (!value.empty())
      return value.find("UTF-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

std::atomic<int> signal_received{0};
std::atomic<int> num_signals{0};

std::atomic<bool> save_asked{false};
void note_save(int) { save_asked = true; }

void note_signal(int number) {
  signal_received = number;
  ++num_signals;
}

int exit_of(const ExitStatus& status, const fs::path& run, Context& context) {
  const std::string words = runs::last_words(run);
  if (status.signal != 0) {
    return context.fail(engine_died(fmt::format("the engine was killed by signal {} ({})",
                                                status.signal, ::strsignal(status.signal)),
                                    run));
  }
  const bool expected = status.code == 0 || status.code == 130 || status.code == 143;
  if (!expected && !words.empty()) context.tell(words + "\n");
  return status.code;
}

}  // namespace

Diagnostic engine_died(const std::string& what, const fs::path& run) {
  Diagnostic d = error(Code::EngineDied, {}, "{}", what);
  if (const std::string words = runs::last_words(run); !words.empty())
    d = std::move(d).note("its last words: {}", words);
  return std::move(d).help("`fdl run --resume` goes on from the newest whole checkpoint");
}

Result<ProcessSpec> engine_spec(const std::vector<std::string>& arguments, const fs::path& project,
                                const Context& context) {
  std::error_code code;
  const fs::path self = fs::read_symlink("/proc/self/exe", code);
  const fs::path engine = self.parent_path() / "fdl-engine";
  if (!fs::exists(engine, code)) {
    return fail(
        error(Code::EngineMissing, {}, "the engine is not built: there is no '{}'", engine.string())
            .help("`./fdl` in fdl's own folder builds it"));
  }
  ProcessSpec spec;
  // The engine finds the libtorch it was built with by itself; an active one beside the project
  // comes first, so that switching needs no rebuild of the same version.
  const Result<fs::path> home = libtorch::find_home(
      {self.parent_path(), context.variable("FDL_HOME"), context.variable("HOME")});
  if (!home) return fail(home.error());
  const Result<fs::path> torch = libtorch::active_folder(*home);
  if (!torch) return fail(torch.error());
  const std::string inherited = context.variable("LD_LIBRARY_PATH");
  spec.environment["LD_LIBRARY_PATH"] =
      (*torch / "lib").string() + (inherited.empty() ? "" : ":" + inherited);
  spec.program = engine.string();
  spec.arguments = arguments;
  spec.folder = project;
  spec.own_group = true;
  spec.dies_with_parent = true;
  return spec;
}

Result<EngineRun> EngineRun::start(const EngineCall& call, const Context& context) {
  Result<ProcessSpec> spec = engine_spec(call.arguments, call.project, context);
  if (!spec) return fail(spec.error());
  spec->output_file = call.run / "log.txt";
  for (const auto& [name, value] : call.environment) spec->environment[name] = value;
  if (call.lock != nullptr) spec->inherited_fd = call.lock->descriptor();
  monitor::EventReader reader(call.run / "events.jsonl");
  const bool is_first = !reader.pass_over();
  Result<Process> process = Process::start(*spec);
  if (!process) return fail(process.error());
  // Training that goes on cuts the records back; all else adds to them.
  return EngineRun(*std::move(process), call, std::move(reader), is_first || !call.trains());
}

std::vector<monitor::Event> EngineRun::new_events() {
  auto placed = reader_.read_new();
  if (!placed) {  // cut back, into another file
    reader_ = monitor::EventReader(run_ / "events.jsonl");
    reader_.go_to_last("start");
    placed = reader_.read_new();
  }
  std::vector<monitor::Event> out;
  if (!placed) return out;
  for (auto& one : *placed) {
    is_ours_ = is_ours_ || (one.event.kind == "start" && one.event.number("pid") == process_.pid());
    if (is_ours_) out.push_back(std::move(one.event));
  }
  return out;
}

int EngineRun::finish(Context& context) const {
  const fs::path events = run_ / "events.jsonl";
  std::error_code code;
  if (fs::exists(events, code)) {
    const Result<void> written = monitor::write_metrics_csv(events, run_ / "metrics.csv");
    const Result<void> tables = monitor::write_tables_csv(events, run_);
    const Result<void> timeline = trains_ ? monitor::write_timeline(events, run_) : Result<void>();
    const Result<void> report = trains_ ? runs::write_report(run_) : Result<void>();
    for (const Result<void>* result : {&written, &tables, &timeline, &report}) {
      if (!*result) context.fail(result->error());
    }
  }
  return exit_of(process_.status(), run_, context);
}

void listen_to_signals() {
  signal_received = 0;
  num_signals = 0;
  struct sigaction action {};
  action.sa_handler = note_signal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = note_save;
  ::sigaction(SIGUSR1, &action, nullptr);
}

NotedSignals noted_signals() { return {signal_received, num_signals}; }

void pause_50_ms() {
  const timespec pause{0, 50'000'000};
  ::nanosleep(&pause, nullptr);
}

monitor::Screen screen_of(const Context& context) {
  return {is_terminal(STDERR_FILENO), has_unicode(context),
          [&context](const std::string& text) { context.tell(text); },
          [] { return terminal_width(STDERR_FILENO); }};
}

int supervise(const EngineCall& call, Context& context) {
  listen_to_signals();
  std::optional<monitor::TensorboardWriter> tensorboard;
  if (call.writes_tensorboard) {
    auto opened = monitor::TensorboardWriter::open(call.run / "tensorboard");
    if (!opened) return context.fail(opened.error());
    tensorboard = *std::move(opened);
  }
  Result<EngineRun> engine = EngineRun::start(call, context);
  if (!engine) return context.fail(engine.error());
  monitor::Progress progress(screen_of(context), call.verbosity);
  int passed_on = 0;
  bool ended = false;
  while (!ended) {
    ended = engine->has_ended();
    for (const monitor::Event& event : engine->new_events()) {
      progress.show(event);
      const Result<void> written = tensorboard ? tensorboard->take(event) : Result<void>();
      if (written) continue;
      context.fail(written.error());  // the run itself goes on
      tensorboard.reset();
    }
    if (save_asked.exchange(false)) engine->send_signal(SIGUSR1);
    if (noted_signals().count > passed_on) {
      engine->send_signal(passed_on == 0 ? noted_signals().last : SIGKILL);
      ++passed_on;
    }
    if (!ended) pause_50_ms();
  }
  progress.finish();
  return engine->finish(context);
}

}  // namespace fdl::commands
