#include "lib/exec/executor.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones_like.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/functions/accumulate_grad.h>

#include "lib/base/check.h"
#include "lib/catalog/channels_last.h"
#include "lib/exec/program.h"
#include "lib/exec/run.h"
#include "lib/nn/direct_node.h"
#include "lib/tensor/errors.h"
#include "lib/tensor/on_device.h"

namespace fdl::exec {

struct Executor::Program {
  const graph::Graph& graph;
  at::Device device;
  catalog::Passes passes;
  std::vector<graph::ValueId> wanted;
  std::vector<Step> steps;
};

Executor::Executor(const graph::Graph& graph, const tensor::TensorStore& store,
                   std::vector<graph::ValueId> wanted, catalog::Passes passes) {
  std::vector<graph::ValueId> kept = wanted;
  for (const graph::State& state : graph.states) kept.push_back(state.written);
  const at::Device device = store.device();
  if (!device.is_cpu()) passes = passes.on_gpu();
  std::vector<Step> steps = compile(graph, store, kept, passes);
  program_ = std::make_shared<const Program>(
      Program{graph, device, passes, std::move(wanted), std::move(steps)});
}

Executor::~Executor() = default;
Executor::Executor(Executor&&) noexcept = default;

at::Device Executor::device() const { return program_->device; }

Result<std::vector<at::Tensor>> Executor::run(const std::vector<at::Tensor>& inputs,
                                              nn::StepContext context) const {
  const auto states =
      initial_states(program_->graph, context.seed, inputs.front().size(0), program_->device);
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
  context.fuses_recurrent = program_->passes.recurrent;
  context.fuses_attention = program_->passes.attention;
  const catalog::Passes& passes = program_->passes;
  context.puts_channels_last =
      program_->device.is_cpu() ? catalog::puts_channels_last(passes) : passes.layout;
  context.filters_by_winograd = passes.winograd;
  Run run(graph, std::move(context), program_->device, program_,
          {timer_, watch_ ? &watch_ : nullptr, frozen_ ? &*frozen_ : nullptr});
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    run[graph.inputs[i].value] = tensor::on_device(inputs[i], program_->device);
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

namespace {

using torch::autograd::AccumulateGrad;
using torch::autograd::Edge;

// The tensor whose gradient a node takes up; null of one that goes on.
const at::Tensor* leaf_of(const torch::autograd::Node& node) {
  const auto* const end = dynamic_cast<const AccumulateGrad*>(&node);
  return end == nullptr ? nullptr : &end->variable;
}

// The nodes from a loss to the parameters, where all of them are our own and each is read by the
// one before it alone; else none.
std::vector<nn::DirectNode*> direct_path(const at::Tensor& loss) {
  std::vector<nn::DirectNode*> out;
  torch::autograd::Node* node = loss.grad_fn().get();
  while (node != nullptr) {
    auto* const direct = dynamic_cast<nn::DirectNode*>(node);
    if (direct == nullptr || node->num_inputs() != 1) return {};
    out.push_back(direct);
    node = nullptr;
    for (const Edge& edge : out.back()->next_edges()) {
      const bool ends = !edge.is_valid() || leaf_of(*edge.function) != nullptr;
      if (ends) continue;
      if (node != nullptr) return {};
      node = edge.function.get();
    }
  }
  return out;
}

// As the engine would, but that nothing has to be sorted and counted.
std::vector<at::Tensor> gradients_along(const std::vector<nn::DirectNode*>& path,
                                        const at::Tensor& loss,
                                        const std::vector<tensor::NamedTensor>& parameters,
                                        bool keeps) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> out(parameters.size());
  at::Tensor gradient = at::ones_like(loss);
  for (nn::DirectNode* node : path) {
    torch::autograd::variable_list found = node->backward({std::move(gradient)});
    gradient = at::Tensor();
    for (std::size_t i = 0; i < found.size(); ++i) {
      const Edge& edge = node->next_edge(i);
      if (!edge.is_valid() || !found[i].defined()) continue;
      const at::Tensor* const leaf = leaf_of(*edge.function);
      if (leaf == nullptr) {
        gradient = std::move(found[i]);
        continue;
      }
      for (std::size_t k = 0; k < parameters.size(); ++k) {
        if (!parameters[k].value.is_same(*leaf)) continue;
        out[k] = out[k].defined() ? out[k].add(found[i]) : std::move(found[i]);
        break;
      }
    }
    if (!keeps) node->release_variables();
  }
  return out;
}

}  // namespace

Result<std::vector<at::Tensor>> gradients(const at::Tensor& loss,
                                          const std::vector<tensor::NamedTensor>& parameters,
                                          bool keeps) {
  if (const auto path = direct_path(loss); !path.empty()) {
    try {
      return gradients_along(path, loss, parameters, keeps);
    } catch (const std::exception& thrown) {
      return fail(tensor::torch_failure(thrown, "the backward pass"));
    }
  }
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
