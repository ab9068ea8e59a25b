#include "commands/job_plan.h"

#include <algorithm>

#include "commands/plan_report.h"
#include "lib/base/machine.h"

namespace fdl::commands {
namespace {

constexpr double kShareOfMemory = 0.8;  // the estimate is up to 15 % low, and others need some too

// Numbers that the job's optimizer keeps beside each parameter; without a job, none.
int optimizer_state(const job::Checked& checked) {
  if (!checked.job || checked.job->training.optimizer.spec == nullptr) return 0;
  const catalog::Choice& optimizer = checked.job->training.optimizer;
  return optimizer.spec->state_per_element(optimizer.params.get());
}

// How many samples the training data has; 0 where its files are not there.
std::int64_t num_training_samples(const job::Checked& checked) {
  const job::DataSplit* train = checked.job->find_split("train");
  const auto info = train != nullptr ? job::inspect_source(*train, *checked.job, *checked.graph)
                                     : Result<job::SourceInfo>();
  if (train == nullptr || !info) return 0;
  const auto ranges = job::select_samples(*train, *info);
  return ranges ? job::num_samples_in(*ranges, *info) : 0;
}

// The largest number up to `most` that memory and kernels like.
std::int64_t round_down(std::int64_t most) {
  constexpr std::int64_t kStep = 8;
  if (most >= kStep) return most / kStep * kStep;
  std::int64_t out = 1;
  while (out * 2 <= most) out *= 2;
  return out;
}

Result<std::int64_t> memory_of(const Context& context) {
  const std::string given = context.variable("FDL_MEMORY");
  const auto bytes = given.empty() ? available_memory_bytes() : parse_bytes(given);
  if (bytes) return *bytes;
  return fail(error(Code::BadCommandLine, {}, "{}",
                    given.empty() ? "this machine does not say how much memory it has"
                                  : "FDL_MEMORY is '" + given + "', which is no size")
                  .help("set FDL_MEMORY to a number with a unit: 8GiB, 512MB"));
}

}  // namespace

void assume_sizes_of_data(job::Checked& checked) {
  if (!checked.job || !checked.graph) return;
  for (const auto& [axis, size] : checked.job->axis_sizes)
    checked.graph->assumed_sizes.emplace(axis, size);
}

plan::PlanSetup plan_setup(const job::Checked& checked) {
  plan::PlanSetup out;
  out.state_per_parameter = optimizer_state(checked);
  if (!checked.job) return out;
  out.batch_size = checked.job->training.batch_size;
  out.passes = checked.job->training.passes;
  for (const job::Loss& loss : checked.job->training.losses) {
    const catalog::EntrySpec& spec = *loss.what.spec;
    const job::Compared& output = loss.compared.front();
    if (output.is_value())
      out.losses.push_back({output.value, spec.kept_outputs, spec.worked_outputs});
  }
  return out;
}

Result<void> settle_batch_size(config::Node& manifest, job::Checked& checked,
                               const Context& context) {
  if (!checked.job || !checked.graph || !checked.job->training.batch_size_is_auto) return {};
  const Result<std::int64_t> memory = memory_of(context);
  if (!memory) return fail(memory.error());
  assume_sizes_of_data(checked);
  plan::PlanSetup setup = plan_setup(checked);
  const auto limit = static_cast<std::int64_t>(static_cast<double>(*memory) * kShareOfMemory);
  const std::int64_t fitting = plan::largest_batch(*checked.graph, setup, limit);
  config::Node* training = manifest.find("training");
  config::Node* node = training != nullptr ? training->find("batch_size") : nullptr;
  if (fitting == 0) {
    setup.batch_size = 1;
    const std::int64_t needed = plan::make_plan(*checked.graph, setup).peak_bytes;
    return fail(error(Code::NoBatchFits, node != nullptr ? node->span : Span{},
                      "no batch fits: one sample needs {}, and {} of {} may be used",
                      show_bytes(needed), show_bytes(limit), show_bytes(*memory))
                    .help("make the model smaller, use `recompute: true`, or take an optimizer "
                          "that keeps less"));
  }
  const std::int64_t num_samples = num_training_samples(checked);
  const std::int64_t batch = round_down(num_samples > 0 ? std::min(fitting, num_samples) : fitting);
  setup.batch_size = batch;
  context.tell(fmt::format("batch_size {}: a step needs about {}; {} of {} may be used\n", batch,
                           show_bytes(plan::make_plan(*checked.graph, setup).peak_bytes),
                           show_bytes(limit), show_bytes(*memory)));
  checked.job->training.batch_size = batch;
  checked.job->training.batch_size_is_auto = false;
  if (node != nullptr) node->text = std::to_string(batch);
  return {};
}

}  // namespace fdl::commands
