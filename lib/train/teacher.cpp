#include "lib/train/teacher.h"

#include <ATen/core/grad_mode.h>

#include "lib/train/initial_weights.h"

namespace fdl::train {
namespace {

std::vector<graph::ValueId> outputs_of(const graph::Graph& graph) {
  std::vector<graph::ValueId> out;
  for (const graph::NamedValue& output : graph.outputs) out.push_back(output.value);
  return out;
}

}  // namespace

TeacherModel::TeacherModel(const job::Job& job, at::Device device)
    : graph_(job.training.teacher->graph),
      seed_(static_cast<std::uint64_t>(job.training.seed)),
      store_(graph_, seed_, device),
      executor_(graph_, store_, outputs_of(graph_), job.training.passes) {}

Result<std::unique_ptr<const TeacherModel>> TeacherModel::open(const job::Job& job,
                                                               at::Device device,
                                                               const EventLog* events) {
  if (!job.training.teacher) return std::unique_ptr<const TeacherModel>();
  std::unique_ptr<const TeacherModel> out(new TeacherModel(job, device));
  FDL_TRY(load_initial_weights(out->graph_, out->store_, events));
  return out;
}

Result<std::vector<at::Tensor>> TeacherModel::outputs(const std::vector<at::Tensor>& inputs) const {
  const at::NoGradGuard no_grad;
  nn::StepContext context;
  context.seed = seed_;
  return executor_.run(inputs, context);
}

}  // namespace fdl::train
