#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "commands/bench/jobs.h"
#include "lib/base/result.h"

// One run of one side, in a process of its own.
namespace fdl::commands::bench {

// A side beside fdl: a way to run the script of another framework, or fdl with other settings.
struct Arm {
  std::string name, doc;
  std::vector<std::string> words;  // of the script: --arm and what it calls this
  bool is_tuned = false;           // what fdl-engine has built in, given from outside
  bool is_jax = false;             // only of jobs that have a JAX script
  bool is_own = false;             // fdl with `words` as settings, instead of a script
  bool is_rounded = false;         // to bf16: its losses are not those of the others

  const std::string& script_name() const { return words.back(); }
  // Compiles as it steps through the first epoch, which is then no measure of its steps.
  bool compiles() const { return is_jax || (!is_own && script_name().starts_with("compile")); }
};
inline constexpr const char* kOwnArm = "fdl";
inline constexpr const char* kBaseline = "torch";

const std::vector<Arm>& peers();
const Arm* find_peer(std::string_view name);

// What is equal for all arms and rounds.
struct Setup {
  std::filesystem::path root;    // that has manifests/ and bench/
  std::filesystem::path fdl;     // the program
  std::filesystem::path python;  // that has the other frameworks
  std::filesystem::path work;    // a folder for what runs leave; emptied by whoever made it
  std::int64_t threads = 1;
  std::string device = "cpu";           // or "cuda"
  std::int64_t batch_size = 0;          // instead of the job's own
  std::filesystem::path fashion_mnist;  // where it is, if not where fdl looks
};

// What one run gave. The first epoch warms up: it is not in step_ms.
struct Figures {
  std::string arm;
  std::int64_t round = 0, threads = 0;
  std::vector<double> step_ms;  // of each epoch, its mean
  std::vector<std::int64_t> num_steps;
  // Of each epoch, of its single steps; empty where an arm does not wait for each.
  std::vector<double> step_ms_p50, step_ms_p95, step_ms_p99;
  std::vector<double> data_wait_percent;  // of each epoch; empty where an arm does not tell
  double total_s = 0;                     // of the whole process
  std::optional<double> first_step_s;     // since the start of the process that trains
  double peak_rss_mib = 0;                // of the largest process
  std::optional<double> peak_gpu_mib;     // of tensors, on a GPU
  double final_loss = 0;                  // of the last epoch
  std::optional<double> test_accuracy;
  double load_before = 0;          // of the machine, over a minute
  std::optional<double> energy_j;  // of the machine during the whole process

  nlohmann::ordered_json to_json() const;
  // Throws nlohmann::json::exception where a part is missing that no arm lacks.
  static Figures from_json(const nlohmann::json& run);
};

// Errors: FDL5003 (a program is missing), FDL5440 (it failed, or ran with other threads).
Result<Figures> run_arm(const Job& job, const std::string& arm, const Setup& setup,
                        std::int64_t epochs, std::int64_t seed);

// Compiles the library that tuned arms preload; needs `cc`. Errors: FDL5003, FDL5440.
Result<void> build_tuning(const Setup& setup);

}  // namespace fdl::commands::bench
