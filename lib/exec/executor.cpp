#include "lib/exec/executor.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "lib/base/check.h"
#include "lib/exec/program.h"
#include "lib/exec/run.h"
#include "lib/tensor/errors.h"

namespace fdl::exec {

struct Executor::Program {
  const graph::Graph& graph;
  std::vector<graph::ValueId> wanted;
  std::vector<Step> steps;
};

Executor::Executor(const graph::Graph& graph, const tensor::TensorStore& store,
                   std::vector<graph::ValueId> wanted, bool fuses) {
  std::vector<graph::ValueId> kept = wanted;
  for (const graph::State& state : graph.states) kept.push_back(state.written);
  std::vector<Step> steps = compile(graph, store, kept, fuses);
  program_ = std::make_shared<const Program>(Program{graph, std::move(wanted), std::move(steps)});
}

Executor::~Executor() = default;
Executor::Executor(Executor&&) noexcept = default;

Result<std::vector<at::Tensor>> Executor::run(const std::vector<at::Tensor>& inputs,
                                              nn::StepContext context) const {
  const auto states = initial_states(program_->graph, context.seed, inputs.front().size(0));
  if (!states) return fail(states.error());
  Result<Called> called = call(inputs, *states, context);
  if (!called) return fail(called.error());
  return std::move(called->values);
}

Result<Called> Executor::call(const std::vector<at::Tensor>& inputs,
                              const std::vector<at::Tensor>& states,
                              nn::StepContext context) const {
  const graph::Graph& graph = program_->graph;
  FDL_CHECK(inputs.size() == graph.inputs.size() && states.size() == graph.states.size());
  const at::AutoGradMode records(context.training);
  Run run(graph, std::move(context), inputs.front().device(), program_,
          {timer_, watch_ ? &watch_ : nullptr, frozen_ ? &*frozen_ : nullptr});
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    run[graph.inputs[i].value] = inputs[i];
    const catalog::Shape& shape =
        graph.values[static_cast<std::size_t>(graph.inputs[i].value)].type.shape;
    for (std::size_t axis = 1; axis < shape.size(); ++axis) {
      if (!shape[axis].is_number())
        run.set_size(shape[axis].text(), inputs[i].size(static_cast<std::int64_t>(axis)));
    }
  }
  for (std::size_t i = 0; i < states.size(); ++i) run[graph.states[i].read] = states[i];
  FDL_TRY(run.steps(program_->steps));
  Called out;
  for (const graph::ValueId id : program_->wanted) out.values.push_back(run[id]);
  for (const graph::State& state : graph.states) out.states.push_back(run[state.written]);
  return out;
}

Result<std::vector<at::Tensor>> gradients(const at::Tensor& loss,
                                          const std::vector<tensor::NamedTensor>& parameters,
                                          bool keeps) {
  std::vector<at::Tensor> leaves;
  leaves.reserve(parameters.size());
  for (const auto& parameter : parameters) {
    if (parameter.value.requires_grad()) leaves.push_back(parameter.value);
  }
  try {
    std::vector<at::Tensor> found =
        torch::autograd::grad({loss}, leaves, /*grad_outputs=*/{}, /*retain_graph=*/keeps,
                              /*create_graph=*/false, /*allow_unused=*/true);
    if (leaves.size() == parameters.size()) return found;
    std::vector<at::Tensor> out(parameters.size());
    for (std::size_t i = 0, next = 0; i < parameters.size(); ++i) {
      if (parameters[i].value.requires_grad()) out[i] = std::move(found[next++]);
    }
    return out;
  } catch (const std::exception& thrown) {
    return fail(tensor::torch_failure(thrown, "the backward pass"));
  }
}

}  // namespace fdl::exec
