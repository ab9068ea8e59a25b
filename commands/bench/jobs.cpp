#include "commands/bench/jobs.h"

#include <algorithm>

namespace fdl::commands::bench {
namespace {

namespace fs = std::filesystem;

Job drawn(const std::string& script, const std::string& name, std::int64_t batch_size) {
  Job out;
  out.name = name;
  out.manifest = "manifests/bench/" + name + ".yml";
  out.script = "bench/peers/" + script;
  out.words = {"--model", name};
  out.batch_size = batch_size;
  return out;
}

Job with_jax(Job job) {
  job.has_jax = true;
  return job;
}

Job flodl(const std::string& name, std::int64_t batch_size) {
  return drawn("flodl.py", name, batch_size);
}

Job fashion() {
  Job out = drawn("fashion.py", "fashion", 0);
  out.manifest = "fdl.yml";
  out.words = {};
  out.epochs = 5;
  out.splits = {"train", "val", "test"};
  out.num_samples = 55'000;
  out.no_dropout = "model.flow.9.dropout=0";
  return out;
}

// The job has 5 epochs of 32 steps, some 0.1 s: more of them give a median worth the name.
Job charl_mlp() {
  Job out = with_jax(drawn("charl_mlp.py", "charl_mlp", 0));
  out.epochs = 60;
  out.num_samples = 1000;
  out.no_dropout = "params.dropout=0";
  return out;
}

Job feedback_fixed() {
  Job out = with_jax(flodl("feedback_fixed", 128));
  out.manifest = "manifests/bench/iterative_refine.yml";
  out.preset = "feedback";
  return out;
}

Job zoo(const std::string& name, std::int64_t batch_size, std::int64_t batches_per_epoch) {
  Job out = drawn("zoo.py", name, batch_size);
  out.batches_per_epoch = batches_per_epoch;
  return out;
}

Job gpt_nano() {
  Job out = with_jax(zoo("gpt_nano", 32, 50));
  out.no_dropout = "params.dropout=0";
  return out;
}

Job tabular_mlp() {
  Job out = drawn("tabular.py", "tabular_mlp", 512);
  out.table = "data/bench/tabular.csv";
  out.num_samples = 100'000;
  return out;
}

}  // namespace

const std::vector<Job>& jobs() {
  static const std::vector<Job> kJobs = {
      fashion(),
      charl_mlp(),
      with_jax(flodl("mlp", 256)),
      flodl("convnet", 128),
      flodl("gru_seq", 128),
      with_jax(flodl("transformer", 32)),
      flodl("lstm_seq", 128),
      flodl("conv_autoenc", 64),
      with_jax(flodl("residual_tower", 256)),
      with_jax(flodl("gated_routing", 256)),
      with_jax(flodl("iterative_refine", 256)),
      feedback_fixed(),
      zoo("resnet50", 8, 10),
      gpt_nano(),
      zoo("vit_tiny", 8, 20),
      tabular_mlp(),
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
