#include "commands/bench/arms.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <sstream>

#include <fmt/ranges.h>

#include "lib/base/files.h"
#include "lib/base/process.h"
#include "lib/monitor/event.h"

namespace fdl::commands::bench {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Ended {
  std::string output;
  double wall_s = 0, peak_rss_mib = 0;
};

// What a program said before it failed.
Diagnostic with_last_lines(Diagnostic d, const std::string& output) {
  constexpr std::ptrdiff_t kShown = 20;
  std::vector<std::string> lines;
  std::istringstream text(output);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  const auto count = std::min(kShown, static_cast<std::ptrdiff_t>(lines.size()));
  for (auto line = lines.end() - count; line != lines.end(); ++line)
    d = std::move(d).note("{}", *line);
  return d;
}

Result<Ended> run(ProcessSpec spec, const Setup& setup) {
  spec.folder = setup.root;
  spec.output_file = setup.work / "output.txt";
  std::error_code ignored;
  fs::remove(spec.output_file, ignored);
  const auto start = std::chrono::steady_clock::now();
  Result<Process> process = Process::start(spec);
  if (!process) return fail(process.error());
  const ExitStatus status = process->wait();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  Result<std::string> output = read_file(spec.output_file);
  if (!output) return fail(output.error());
  if (status.ok())
    return Ended{*output, wall.count(), static_cast<double>(status.peak_rss_kib) / 1024};
  return fail(with_last_lines(error(Code::BenchFailed, {}, "exit {} of: {} {}", status.shell_code(),
                                    spec.program, fmt::join(spec.arguments, " ")),
                              *output));
}

// The library, and glibc settings that keep freed blocks: fdl-engine has both built in.
std::map<std::string, std::string> environment_of(const Setup& setup, bool is_tuned) {
  const std::string threads = std::to_string(setup.threads);
  std::map<std::string, std::string> out = {
      {"OMP_NUM_THREADS", threads}, {"MKL_NUM_THREADS", threads}, {"FDL_THREADS", threads}};
  if (is_tuned) {
    out.insert({{"LD_PRELOAD", (setup.work / "mkl_dispatch.so").string()},
                {"MALLOC_MMAP_MAX_", "0"},
                {"MALLOC_TRIM_THRESHOLD_", std::to_string(std::int64_t{1} << 34)},
                {"MALLOC_TOP_PAD_", std::to_string(std::int64_t{1} << 26)}});
  }
  return out;
}

Result<Figures> bad_output(const std::string& what) {
  return fail(error(Code::BenchFailed, {}, "{}", what));
}

// A number, or one that is written as a text because it is not finite.
std::optional<double> number(const json& from, const char* key) {
  const auto found = from.find(key);
  if (found == from.end() || found->is_null()) return std::nullopt;
  if (found->is_string()) return std::strtod(found->get<std::string>().c_str(), nullptr);
  return found->get<double>();
}

Result<Figures> figures_of_script(const Ended& ended) {
  const std::size_t end = ended.output.find_last_not_of('\n');
  const std::size_t begin = ended.output.rfind('\n', end) + 1;
  const json told = json::parse(ended.output.substr(begin, end + 1 - begin), nullptr, false);
  try {
    Figures out;
    out.threads = told.at("threads");
    out.step_ms = told.at("step_ms").get<std::vector<double>>();
    out.num_steps = told.at("num_steps").get<std::vector<std::int64_t>>();
    out.first_step_s = number(told, "first_step_s");
    // Its own word: Python's end touches 120 MiB more of torch's libraries.
    out.peak_rss_mib = told.at("peak_rss_mib");
    out.final_loss = number(told, "final_loss").value_or(0);
    out.test_accuracy = number(told, "test_accuracy");
    out.total_s = ended.wall_s;
    return out;
  } catch (const json::exception&) {
    return bad_output("the script's last line is not what a peer prints");
  }
}

Result<Figures> run_script(const Job& job, const Arm& arm, const Setup& setup, std::int64_t epochs,
                           std::int64_t seed) {
  ProcessSpec spec;
  spec.program = setup.python.string();
  spec.arguments = {job.script};
  const auto add = [&](std::vector<std::string> words) {
    spec.arguments.insert(spec.arguments.end(), words.begin(), words.end());
  };
  add(arm.words);
  add({"--epochs", std::to_string(epochs), "--threads", std::to_string(setup.threads)});
  add({"--seed", std::to_string(seed)});
  add(job.words);
  if (setup.batch_size > 0) add({"--batch", std::to_string(setup.batch_size)});
  if (!job.splits.empty() && !setup.fashion_mnist.empty())
    add({"--data", setup.fashion_mnist.string()});
  spec.environment = environment_of(setup, arm.is_tuned);
  const Result<Ended> ended = run(std::move(spec), setup);
  if (!ended) return fail(ended.error());
  return figures_of_script(*ended);
}

// What the only run below `output_dir` recorded.
Result<Figures> figures_of_run(const fs::path& run) {
  const Result<std::string> text = read_file(run / "events.jsonl");
  if (!text) return fail(text.error());
  Figures out;
  bool is_done = false;
  for (std::size_t begin = 0; begin < text->size();) {
    const std::size_t end = std::min(text->find('\n', begin), text->size());
    const auto event = monitor::parse_event(std::string_view(*text).substr(begin, end - begin));
    begin = end + 1;
    if (!event) continue;
    if (event->kind == "start")
      out.threads = static_cast<std::int64_t>(event->number("threads").value_or(0));
    if (event->kind == "progress" && event->number("step") == 1.0) out.first_step_s = event->time_s;
    if (event->kind == "end") is_done = event->texts.at("reason") == "done";
    if (event->kind != "epoch") continue;
    const double steps = event->number("num_steps").value_or(1);
    out.step_ms.push_back(1e3 * event->number("train_seconds").value_or(0) / steps);
    out.num_steps.push_back(static_cast<std::int64_t>(steps));
    out.final_loss = event->number("train/loss").value_or(0);
  }
  if (is_done && !out.step_ms.empty()) return out;
  return bad_output("the run '" + run.string() + "' is not done");
}

Result<Figures> run_own(const Job& job, const Setup& setup, std::int64_t epochs,
                        std::int64_t seed) {
  const fs::path output = setup.work / "runs";
  std::error_code code;
  fs::remove_all(output, code);
  ProcessSpec spec;
  spec.program = setup.fdl.string();
  spec.arguments = {"run", job.manifest};
  if (!job.preset.empty()) spec.arguments.push_back(job.preset);
  const auto set = [&](const std::string& path, const std::string& value) {
    spec.arguments.push_back(path + "=" + value);
  };
  set("training.epochs", std::to_string(epochs));
  set("training.seed", std::to_string(seed));
  set("output.dir", output.string());
  if (setup.batch_size > 0) {
    set("training.batch_size", std::to_string(setup.batch_size));
    set("data.train.synthetic.samples", std::to_string(setup.batch_size * kBatchesPerEpoch));
  }
  for (const std::string& split : job.splits) {
    if (!setup.fashion_mnist.empty())
      set("data." + split + ".fashion_mnist.path", setup.fashion_mnist.string());
  }
  spec.environment = environment_of(setup, false);
  const Result<Ended> ended = run(spec, setup);
  if (!ended) return fail(ended.error());
  fs::path folder;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(output, code))
    if (entry.path().filename() == "events.jsonl") folder = entry.path().parent_path();
  Result<Figures> out = figures_of_run(folder);
  if (!out) return out;
  out->total_s = ended->wall_s;
  out->peak_rss_mib = ended->peak_rss_mib;
  if (job.splits.empty()) return out;
  // The scripts test within their process, so the time of a second one counts as ours.
  spec.arguments = {"eval", folder.string(), "--data", "test", "--json"};
  const Result<Ended> tested = run(std::move(spec), setup);
  if (!tested) return fail(tested.error());
  out->total_s += tested->wall_s;
  out->test_accuracy = number(json::parse(tested->output, nullptr, false), "test/accuracy");
  return out;
}

}  // namespace

const std::vector<Arm>& peers() {
  static const std::vector<Arm> kPeers = {
      {"torch", "PyTorch eager, its optimizer as PyTorch makes it", {"--arm", "default"}},
      {"torch-fused", "and with `fused=True`", {"--arm", "fused"}},
      {"torch-tuned",
       "and with MKL's best kernels and freed memory kept, as fdl-engine has them built in",
       {"--arm", "fused"},
       true},
      {"torch-compile",
       "through `torch.compile`, with the fused optimizer",
       {"--arm", "compile"},
       false,
       true},
  };
  return kPeers;
}

const Arm* find_peer(std::string_view name) {
  const auto it = std::find_if(peers().begin(), peers().end(),
                               [&](const Arm& arm) { return arm.name == name; });
  return it == peers().end() ? nullptr : &*it;
}

nlohmann::ordered_json Figures::to_json() const {
  nlohmann::ordered_json out = {{"arm", arm},
                                {"round", round},
                                {"threads", threads},
                                {"step_ms", step_ms},
                                {"num_steps", num_steps},
                                {"total_s", total_s},
                                {"peak_rss_mib", peak_rss_mib},
                                {"final_loss", final_loss},
                                {"load_before", load_before}};
  if (first_step_s) out["first_step_s"] = *first_step_s;
  if (test_accuracy) out["test_accuracy"] = *test_accuracy;
  return out;
}

Result<Figures> run_arm(const Job& job, const std::string& arm, const Setup& setup,
                        std::int64_t epochs, std::int64_t seed) {
  double load = 0;
  ::getloadavg(&load, 1);
  Result<Figures> out = arm == kOwnArm ? run_own(job, setup, epochs, seed)
                                       : run_script(job, *find_peer(arm), setup, epochs, seed);
  if (!out) return out;
  if (out->threads != setup.threads) {
    return fail(error(Code::BenchFailed, {}, "'{}' ran with {} threads, expected {}", arm,
                      out->threads, setup.threads));
  }
  out->arm = arm;
  out->load_before = load;
  return out;
}

Result<void> build_tuning(const Setup& setup) {
  ProcessSpec spec;
  spec.program = "cc";
  spec.arguments = {"-shared",
                    "-fPIC",
                    "-O2",
                    "-o",
                    (setup.work / "mkl_dispatch.so").string(),
                    "bench/peers/mkl_dispatch.c"};
  const Result<Ended> ended = run(std::move(spec), setup);
  if (!ended) return fail(ended.error());
  return {};
}

}  // namespace fdl::commands::bench
