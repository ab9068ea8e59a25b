// Entry point of `fdl-engine`, which `fdl` starts on a run folder:
//   fdl-engine train RUN [--resume] [--profile] [--max-seconds N] [--until-share S]
//   fdl-engine eval RUN --data SPLIT
//   fdl-engine predict RUN --input FILE [--output FILE] [--format FORMAT]
//   fdl-engine lr-find RUN --output FILE [--min LR] [--max LR] [--steps N]
//   fdl-engine replay RUN
//   fdl-engine data RUN --data SPLIT [--stats] [--samples N] [--sheet FILE]
//   fdl-engine --version
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include <ATen/Parallel.h>
#include <torch/headeronly/version.h>

#include "commands/engine/data.h"
#include "lib/config/number.h"
#include "lib/job/load.h"
#include "lib/kernels/gemm.h"
#include "lib/tensor/errors.h"
#include "lib/tensor/memory.h"
#include "lib/train/device.h"
#include "lib/train/evaluate.h"
#include "lib/train/lr_find.h"
#include "lib/train/predict.h"
#include "lib/train/train.h"

namespace {

using fdl::Code;
using fdl::Result;

constexpr int kFailed = 1;
constexpr int kBadInput = 2;
constexpr int kNotReady = 3;

volatile std::sig_atomic_t received = 0;

// The first signal asks to stop after the step; a second one does not wait.
void note_signal(int number) {
  if (received != 0) ::_exit(128 + number);
  received = number;
}

volatile std::sig_atomic_t save_asked = 0;
void note_save(int) { save_asked = 1; }

void listen_to_signals() {
  struct sigaction action {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = note_save;
  ::sigaction(SIGUSR1, &action, nullptr);
}

void tell(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }

fdl::config::Environment environment_of_process() {
  fdl::config::Environment out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string variable = *entry;
    const std::size_t equals = variable.find('=');
    if (equals != std::string::npos) out[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  return out;
}

// FDL_THREADS, or one for each core.
Result<std::int64_t> choose_threads(const fdl::config::Environment& environment) {
  const auto given = environment.find("FDL_THREADS");
  if (given == environment.end() || given->second.empty())
    return std::max<std::int64_t>(1, std::thread::hardware_concurrency());
  constexpr std::int64_t kMostThreads = 4096;
  const auto threads = fdl::config::parse_integer(given->second);
  if (threads && *threads >= 1 && *threads <= kMostThreads) return *threads;
  return fdl::fail(fdl::error(Code::OutOfRange, {}, "FDL_THREADS is '{}'", given->second)
                       .help("it must be a whole number from 1 to {}", kMostThreads));
}

// What the job is computed with.
struct Machine {
  std::int64_t threads = 1;
  at::Device device = at::kCPU;
};

struct Options {
  std::string command;
  std::filesystem::path run;
  bool resume = false, profile = false;
  std::optional<double> max_time_s;
  double until_share = 1;
  fdl::train::RangeTest range;
  std::string split = "test";
  fdl::engine::DataRequest data = {};
  std::string input, output, format;  // of predict
};

// The options that a command of the engine takes, each with a value or none.
struct Flag {
  std::string_view command, name;
  void (*take)(Options& options, const std::string& value);
  bool has_value = true;
};
constexpr Flag kFlags[] = {
    {"train", "--resume", [](Options& o, const std::string&) { o.resume = true; }, false},
    {"train", "--profile", [](Options& o, const std::string&) { o.profile = true; }, false},
    {"train", "--max-seconds",
     [](Options& o, const std::string& value) { o.max_time_s = fdl::config::parse_number(value); }},
    {"train", "--until-share",
     [](Options& o, const std::string& value) {
       o.until_share = fdl::config::parse_number(value).value_or(1);
     }},
    {"lr-find", "--output", [](Options& o, const std::string& value) { o.output = value; }},
    {"lr-find", "--min",
     [](Options& o, const std::string& value) {
       o.range.min_lr = fdl::config::parse_number(value).value_or(o.range.min_lr);
     }},
    {"lr-find", "--max",
     [](Options& o, const std::string& value) {
       o.range.max_lr = fdl::config::parse_number(value).value_or(o.range.max_lr);
     }},
    {"lr-find", "--steps",
     [](Options& o, const std::string& value) {
       o.range.num_steps = fdl::config::parse_integer(value).value_or(o.range.num_steps);
     }},
    {"eval", "--data", [](Options& o, const std::string& value) { o.split = value; }},
    {"data", "--data", [](Options& o, const std::string& value) { o.split = value; }},
    {"data", "--stats", [](Options& o, const std::string&) { o.data.stats = true; }, false},
    {"data", "--samples",
     [](Options& o, const std::string& value) {
       o.data.samples = fdl::config::parse_integer(value).value_or(0);
     }},
    {"data", "--sheet", [](Options& o, const std::string& value) { o.data.sheet = value; }},
    {"predict", "--input", [](Options& o, const std::string& value) { o.input = value; }},
    {"predict", "--output", [](Options& o, const std::string& value) { o.output = value; }},
    {"predict", "--format", [](Options& o, const std::string& value) { o.format = value; }}};

std::optional<Options> read_options(const std::vector<std::string>& words) {
  const auto is_command = [&](const Flag& flag) { return flag.command == words[0]; };
  const bool is_known =
      words.size() >= 2 &&
      (words[0] == "replay" || std::any_of(std::begin(kFlags), std::end(kFlags), is_command));
  if (!is_known) return std::nullopt;
  Options out;
  out.command = words[0];
  out.run = std::filesystem::absolute(words[1]).lexically_normal();
  for (std::size_t i = 2; i < words.size(); ++i) {
    const Flag* flag = std::find_if(std::begin(kFlags), std::end(kFlags), [&](const Flag& one) {
      return is_command(one) && one.name == words[i];
    });
    if (flag == std::end(kFlags) || (flag->has_value && i + 1 == words.size())) return std::nullopt;
    flag->take(out, flag->has_value ? words[++i] : "");
  }
  return out;
}

int exit_of(const fdl::Diagnostic& d) {
  const int number = static_cast<int>(d.code);
  const bool is_input = number < 5000 || d.code == Code::DataMissing || d.code == Code::BadInput ||
                        d.code == Code::DataCorrupt || d.code == Code::RunMissing ||
                        d.code == Code::WeightsMissing || d.code == Code::WeightsMismatch;
  if (d.code == Code::NoCuda || d.code == Code::NoDevice) return kNotReady;
  return is_input ? kBadInput : kFailed;
}

Result<fdl::train::TrainEnd> compute_again(const Options& options, const fdl::job::Checked& checked,
                                           const Machine& machine,
                                           const fdl::train::EventLog& events) {
  fdl::train::TrainSetup setup;
  setup.run = options.run;
  setup.device = machine.device;
  setup.threads = machine.threads;
  setup.replay = true;
  const auto found = fdl::train::replay(*checked.graph, *checked.job, setup, events);
  if (!found) return fdl::fail(found.error());
  if (*found) return fdl::fail(**found);
  return fdl::train::TrainEnd{};
}

Result<fdl::train::TrainEnd> try_rates(const Options& options, const fdl::job::Checked& checked,
                                       at::Device device, const fdl::train::EventLog& events) {
  const auto event = fdl::train::find_rate(*checked.graph, *checked.job, options.run, options.range,
                                           options.output, events, device);
  if (!event) return fdl::fail(event.error());
  FDL_TRY(events.write(*event));
  return fdl::train::TrainEnd{};
}

Result<fdl::train::TrainEnd> predict(const Options& options, const fdl::job::Checked& checked,
                                     at::Device device) {
  const auto done =
      fdl::train::predict(*checked.graph, *checked.job,
                          {options.run, options.input, options.output, options.format, device});
  if (!done) return fdl::fail(done.error());
  tell(fmt::format("{} samples, by the weights of step {}\n", done->num_samples, done->step));
  return fdl::train::TrainEnd{};
}

Result<fdl::train::TrainEnd> compute(const Options& options, const fdl::job::Checked& checked,
                                     const Machine& machine, const fdl::train::EventLog& events) {
  try {
    if (options.command == "train") {
      fdl::train::TrainSetup setup;
      setup.run = options.run;
      setup.resume = options.resume;
      setup.device = machine.device;
      setup.threads = machine.threads;
      setup.profile = options.profile;
      setup.max_time_s = options.max_time_s;
      setup.until_share = options.until_share;
      setup.stop_signal = [] { return static_cast<int>(received); };
      setup.is_save_asked = [] {
        const bool out = save_asked != 0;
        save_asked = 0;
        return out;
      };
      return fdl::train::train(*checked.graph, *checked.job, setup, events);
    }
    if (options.command == "replay") return compute_again(options, checked, machine, events);
    if (options.command == "data") {
      fdl::engine::DataRequest request = options.data;
      request.split = options.split;
      FDL_TRY(fdl::engine::inspect_data(*checked.graph, *checked.job, request, options.run));
      return fdl::train::TrainEnd{};
    }
    if (options.command == "lr-find") return try_rates(options, checked, machine.device, events);
    if (options.command == "predict") return predict(options, checked, machine.device);
    const auto measured = fdl::train::evaluate_run(*checked.graph, *checked.job, options.run,
                                                   options.split, machine.device);
    if (!measured) return fdl::fail(measured.error());
    for (const fdl::monitor::Event& event : *measured) FDL_TRY(events.write(event));
    return fdl::train::TrainEnd{};
  } catch (const std::exception& thrown) {
    return fdl::fail(fdl::tensor::torch_failure(thrown, "the job"));
  }
}

// The last event of a training run, and the exit code.
int report_end(const Options& options, const Result<fdl::train::TrainEnd>& end,
               const fdl::train::EventLog& events) {
  fdl::monitor::Event event;
  event.kind = "end";
  event.numbers["seconds"] = events.seconds();
  event.texts["reason"] = "done";
  int code = 0;
  if (!end) {
    tell(to_text(end.error(), false));
    event.texts["reason"] = "failed";
    event.texts["message"] = end.error().message;
    code = exit_of(end.error());
  } else {
    event.numbers["step"] = static_cast<double>(end->step);
    if (!end->early_stop.empty()) {
      event.texts["reason"] = "early_stop";
      event.texts["message"] = end->early_stop;
    }
    if (end->out_of_time) event.texts["reason"] = "max_time";
    if (end->is_paused) event.texts["reason"] = "paused";
    if (end->signal != 0) {
      event.texts["reason"] = end->signal == SIGINT ? "interrupted" : "terminated";
      code = 128 + end->signal;
    }
  }
  if (options.command != "train") return code;
  const Result<void> written = events.write(event);
  if (!written && code == 0) {
    tell(to_text(written.error(), false));
    return kFailed;
  }
  return code;
}

// Where a command computes. A model that was trained on a GPU predicts where there is none, too.
Result<at::Device> find_device(const Options& options, const fdl::job::Training& training) {
  if (options.command == "data") return at::Device(at::kCPU);
  const Result<at::Device> found = fdl::train::open_device(training);
  return found || options.command != "predict" ? found : at::Device(at::kCPU);
}

int run(const Options& options) {
  const fdl::train::EventLog events(options.run / "events.jsonl");
  const fdl::config::Environment environment = environment_of_process();
  fdl::Diagnostics problems;
  fdl::job::Checked checked;
  const auto manifest = fdl::job::load_run(options.run, problems);
  if (manifest) checked = fdl::job::check(*manifest, environment, false, problems);
  const Result<std::int64_t> threads = choose_threads(environment);
  if (!threads) problems.add(threads.error());
  if (!problems.has_errors() && !checked.job)
    problems.add(fdl::error(Code::NoJob, {}, "'{}' has no job to run", options.run.string()));
  if (problems.has_errors()) {
    tell(to_text(problems, false));
    return kBadInput;
  }
  at::set_num_threads(static_cast<int>(*threads));
  fdl::kernels::let_products_differ(checked.job->training.passes.products);
  const Result<at::Device> device = find_device(options, checked.job->training);
  if (!device) return report_end(options, fdl::fail(device.error()), events);
  return report_end(options, compute(options, checked, {*threads, *device}, events), events);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 1 && words[0] == "--version") {
    std::printf("fdl-engine %s, libtorch %s\n", FDL_VERSION, TORCH_VERSION);
    return 0;
  }
  const std::optional<Options> options = read_options(words);
  if (!options) {
    tell(
        "usage: fdl-engine train RUN [--resume] [--profile] [--max-seconds N] [--until-share S]\n"
        "       fdl-engine eval RUN --data SPLIT\n"
        "       fdl-engine predict RUN --input FILE [--output FILE] [--format FORMAT]\n"
        "       fdl-engine lr-find RUN --output FILE [--min LR] [--max LR] [--steps N]\n"
        "       fdl-engine replay RUN\n"
        "       fdl-engine data RUN --data SPLIT [--stats] [--samples N] [--sheet FILE]\n"
        "       fdl-engine --version\n");
    return kBadInput;
  }
  fdl::tensor::keep_freed_memory();
  if (options->command != "predict") listen_to_signals();  // it has nothing to save
  const int code = run(*options);
  std::fflush(nullptr);
  ::_exit(code);  // all is saved; libtorch's own tear-down would take a tenth of a second
}
