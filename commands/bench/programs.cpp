#include "commands/bench/programs.h"

#include <algorithm>
#include <chrono>
#include <sstream>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "lib/base/files.h"

namespace fdl::commands::bench {
namespace {

namespace fs = std::filesystem;

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

fs::path runs_of(const Setup& setup) { return setup.work / "runs"; }

}  // namespace

std::string Ended::last_line() const {
  const std::size_t end = output.find_last_not_of('\n');
  const std::size_t begin = output.rfind('\n', end) + 1;
  return output.substr(begin, end + 1 - begin);
}

Result<Ended> run_program(ProcessSpec spec, const Setup& setup) {
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

ProcessSpec own_program(const Job& job, const Setup& setup, std::int64_t epochs, std::int64_t seed,
                        const std::vector<std::string>& settings) {
  std::error_code ignored;
  fs::remove_all(runs_of(setup), ignored);
  ProcessSpec out;
  out.program = setup.fdl.string();
  out.arguments = {"run", job.manifest};
  if (!job.preset.empty()) out.arguments.push_back(job.preset);
  const auto set = [&](const std::string& path, const std::string& value) {
    out.arguments.push_back(path + "=" + value);
  };
  set("training.epochs", std::to_string(epochs));
  set("training.seed", std::to_string(seed));
  set("output.dir", runs_of(setup).string());
  set("training.device", setup.device);
  if (setup.batch_size > 0) {
    set("training.batch_size", std::to_string(setup.batch_size));
    if (job.is_drawn())
      set("data.train.synthetic.samples", std::to_string(setup.batch_size * job.batches_per_epoch));
  }
  for (const std::string& split : job.splits) {
    if (!setup.fashion_mnist.empty())
      set("data." + split + ".fashion_mnist.path", setup.fashion_mnist.string());
  }
  out.arguments.insert(out.arguments.end(), settings.begin(), settings.end());
  out.environment = environment_of(setup, false);
  return out;
}

fs::path own_run(const Setup& setup) {
  fs::path out;
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(runs_of(setup), ignored))
    if (entry.path().filename() == "events.jsonl") out = entry.path().parent_path();
  return out;
}

ProcessSpec peer_program(const Job& job, const Arm& arm, const Setup& setup, std::int64_t epochs,
                         std::int64_t seed, const std::vector<std::string>& words) {
  ProcessSpec out;
  out.program = setup.python.string();
  out.arguments = {arm.is_jax ? "bench/peers/jax_models.py" : job.script};
  const auto add = [&](const std::vector<std::string>& more) {
    out.arguments.insert(out.arguments.end(), more.begin(), more.end());
  };
  add(arm.words);
  add({"--epochs", std::to_string(epochs), "--threads", std::to_string(setup.threads)});
  add({"--seed", std::to_string(seed)});
  add(job.words);
  if (setup.device != "cpu") add({"--device", setup.device});
  if (setup.batch_size > 0) add({"--batch", std::to_string(setup.batch_size)});
  if (!job.splits.empty() && !setup.fashion_mnist.empty())
    add({"--data", setup.fashion_mnist.string()});
  add(words);
  out.environment = environment_of(setup, arm.is_tuned);
  return out;
}

}  // namespace fdl::commands::bench
