#include "commands/bench/jobs.h"

#include <algorithm>

namespace fdl::commands::bench {
namespace {

namespace fs = std::filesystem;

Job flodl(const std::string& name, std::int64_t batch_size, const std::string& manifest = "",
          const std::string& preset = "") {
  Job out;
  out.name = name;
  out.manifest = "manifests/bench/" + (manifest.empty() ? name : manifest) + ".yml";
  out.preset = preset;
  out.script = "bench/peers/flodl.py";
  out.words = {"--model", name};
  out.batch_size = batch_size;
  return out;
}

}  // namespace

const std::vector<Job>& jobs() {
  static const std::vector<Job> kJobs = {
      {"fashion", "fdl.yml", "", "bench/peers/fashion.py", {}, 5, 0, {"train", "val", "test"}},
      // The job has 5 epochs of 32 steps, some 0.1 s: more of them give a median worth the name.
      {"charl_mlp", "manifests/bench/charl_mlp.yml", "", "bench/peers/charl_mlp.py", {}, 60},
      flodl("mlp", 256),
      flodl("convnet", 128),
      flodl("gru_seq", 128),
      flodl("transformer", 32),
      flodl("lstm_seq", 128),
      flodl("conv_autoenc", 64),
      flodl("residual_tower", 256),
      flodl("gated_routing", 256),
      flodl("iterative_refine", 256),
      flodl("feedback_fixed", 128, "iterative_refine", "feedback"),
  };
  return kJobs;
}

const Job* find_job(std::string_view name) {
  const auto it =
      std::find_if(jobs().begin(), jobs().end(), [&](const Job& job) { return job.name == name; });
  return it == jobs().end() ? nullptr : &*it;
}

std::optional<fs::path> find_root(const fs::path& from) {
  std::error_code ignored;
  for (fs::path at = fs::absolute(from).lexically_normal();; at = at.parent_path()) {
    if (fs::is_directory(at / "bench/peers", ignored)) return at;
    if (at == at.parent_path()) return std::nullopt;
  }
}

}  // namespace fdl::commands::bench
