#include "lib/train/evaluate.h"

#include <algorithm>

#include "lib/base/closest.h"
#include "lib/job/run_folder.h"
#include "lib/train/checkpoint.h"
#include "lib/train/run_state.h"
#include "lib/train/split.h"

namespace fdl::train {
namespace {

namespace fs = std::filesystem;

struct Chosen {
  fs::path path;
  std::int64_t step = 0;
};

Result<Chosen> choose_checkpoint(const fs::path& run) {
  const std::vector<fs::path> whole = job::whole_checkpoints({run});
  if (whole.empty()) {
    return fail(error(Code::RunMissing, {}, "'{}' has no whole checkpoint", run.string())
                    .help("`fdl run --resume` goes on with the run"));
  }
  const Result<RunState> newest = read_run_state(whole.front());
  if (!newest) return fail(newest.error());
  for (const RunState::Best& best : newest->best) {
    const fs::path path = run / "checkpoints" / ("step-" + std::to_string(best.step));
    if (std::find(whole.begin(), whole.end(), path) != whole.end()) return Chosen{path, best.step};
  }
  return Chosen{whole.front(), newest->step};
}

monitor::Event event_of(const Split& split, const Totals& totals, std::int64_t step,
                        const job::Job& job) {
  monitor::Event event;
  event.kind = "eval";
  monitor::Measures measures;
  split.add_measures(totals, measures);
  event.add(measures);
  event.numbers["step"] = static_cast<double>(step);
  event.numbers["num_samples"] = static_cast<double>(num_measured(split, job));
  event.texts["split"] = split.name();
  return event;
}

}  // namespace

Result<BestWeights> load_best(const fs::path& run, tensor::TensorStore& store) {
  const Result<Chosen> checkpoint = choose_checkpoint(run);
  if (!checkpoint) return fail(checkpoint.error());
  std::error_code ignored;
  const bool has_averages = fs::exists(checkpoint->path / kAveragesFile, ignored);
  FDL_TRY(store.load(checkpoint->path / (has_averages ? kAveragesFile : "model.safetensors")));
  return BestWeights{checkpoint->step, has_averages};
}

Result<std::vector<monitor::Event>> evaluate_run(const graph::Graph& graph, const job::Job& job,
                                                 const fs::path& run, const std::string& split_name,
                                                 at::Device device) {
  const std::vector<const job::DataSplit*> wanted = job.find_splits(split_name);
  if (wanted.empty()) {
    std::vector<std::string> names;
    for (const job::DataSplit& split : job.splits) names.push_back(split.name);
    return fail(error(Code::UnknownKey, {}, "the job has no data '{}'", split_name)
                    .help("it has {}", one_of(names)));
  }
  tensor::TensorStore store(graph, static_cast<std::uint64_t>(job.training.seed), device);
  const Result<BestWeights> weights = load_best(run, store);
  if (!weights) return fail(weights.error());
  const exec::Executor executor(graph, store, compared_values(job.training, graph),
                                job.training.passes);
  const auto teacher = TeacherModel::open(job, device);
  if (!teacher) return fail(teacher.error());
  std::vector<monitor::Event> out;
  for (const job::DataSplit* one : wanted) {
    Result<Split> split = Split::load(*one, job, graph, false);
    if (!split) return fail(split.error());
    split->use_tensors(store.tensors());
    split->use_device(device);
    split->use_teacher(teacher->get());
    const Result<Totals> totals = evaluate(executor, graph, *split, job);
    if (!totals) return fail(totals.error());
    out.push_back(event_of(*split, *totals, weights->step, job));
    if (weights->are_averages) out.back().texts["weights"] = "ema";
  }
  return out;
}

}  // namespace fdl::train
