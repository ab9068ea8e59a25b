#include "lib/exec/executor.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "lib/base/check.h"
#include "lib/exec/merge.h"
#include "lib/exec/program.h"
#include "lib/tensor/errors.h"

namespace fdl::exec {

struct Executor::Program {
  const graph::Graph& graph;
  std::vector<graph::ValueId> wanted;
  std::vector<Step> steps;
};

namespace {

using graph::Node;
using graph::ValueId;

// One run: the values that exist at the moment, by ValueId.
class Run {
 public:
  Run(const graph::Graph& graph, nn::StepContext context)
      : context_(context), values_(graph.values.size()) {}

  at::Tensor& operator[](ValueId id) { return values_[static_cast<std::size_t>(id)]; }

  Result<void> steps(const std::vector<Step>& list) {
    for (const Step& step : list) {
      FDL_TRY(one(step));
      for (const ValueId id : step.dead) (*this)[id].reset();
    }
    return {};
  }

 private:
  Result<void> one(const Step& step) {
    if (step.node->kind == Node::Kind::Loop) return loop(step);
    try {
      scatter(step.node->outputs, compute(step));
    } catch (const std::exception& thrown) {
      return fail(
          tensor::torch_failure(thrown, "this step", step.node->span).at_node(step.node->path));
    }
    return {};
  }

  std::vector<at::Tensor> compute(const Step& step) {
    const Node& node = *step.node;
    const std::vector<at::Tensor> inputs = gather(node.inputs);
    if (node.kind == Node::Kind::Merge) return {merge(node.merge, node.dim, inputs)};
    context_.node_path = node.path;
    return step.forward(node.params.get(), step.own, inputs, context_);
  }

  Result<void> loop(const Step& step) {
    const Node& node = *step.node;
    const graph::Block& body = *node.body;
    std::vector<at::Tensor> round = gather(node.inputs);
    const std::int64_t outer_turn = context_.loop_turn;
    for (std::int64_t turn = 0; turn < node.times; ++turn) {
      context_.loop_turn = outer_turn * node.times + turn;
      scatter(body.inputs, std::move(round));
      FDL_TRY(steps(step.body));
      round = gather(body.outputs);
    }
    context_.loop_turn = outer_turn;
    scatter(node.outputs, std::move(round));
    return {};
  }

  std::vector<at::Tensor> gather(const std::vector<ValueId>& ids) {
    std::vector<at::Tensor> out;
    out.reserve(ids.size());
    for (const ValueId id : ids) out.push_back(id == graph::kAbsent ? at::Tensor() : (*this)[id]);
    return out;
  }

  void scatter(const std::vector<ValueId>& ids, std::vector<at::Tensor> tensors) {
    FDL_CHECK(ids.size() == tensors.size());
    for (std::size_t i = 0; i < ids.size(); ++i) (*this)[ids[i]] = std::move(tensors[i]);
  }

  nn::StepContext context_;
  std::vector<at::Tensor> values_;
};

}  // namespace

Executor::Executor(const graph::Graph& graph, const tensor::TensorStore& store,
                   std::vector<graph::ValueId> wanted) {
  std::vector<Step> steps = compile(graph, store, wanted);
  program_ = std::make_unique<Program>(Program{graph, std::move(wanted), std::move(steps)});
}

Executor::~Executor() = default;
Executor::Executor(Executor&&) noexcept = default;

Result<std::vector<at::Tensor>> Executor::run(const std::vector<at::Tensor>& inputs,
                                              nn::StepContext context) const {
  const graph::Graph& graph = program_->graph;
  FDL_CHECK(inputs.size() == graph.inputs.size());
  const at::AutoGradMode records(context.training);
  Run run(graph, context);
  for (std::size_t i = 0; i < inputs.size(); ++i) run[graph.inputs[i].value] = inputs[i];
  FDL_TRY(run.steps(program_->steps));
  std::vector<at::Tensor> out;
  for (const ValueId id : program_->wanted) out.push_back(run[id]);
  return out;
}

Result<std::vector<at::Tensor>> gradients(const at::Tensor& loss,
                                          const std::vector<tensor::NamedTensor>& parameters) {
  std::vector<at::Tensor> leaves;
  leaves.reserve(parameters.size());
  for (const auto& parameter : parameters) leaves.push_back(parameter.value);
  try {
    return torch::autograd::grad({loss}, leaves, /*grad_outputs=*/{}, /*retain_graph=*/false,
                                 /*create_graph=*/false, /*allow_unused=*/true);
  } catch (const std::exception& thrown) {
    return fail(tensor::torch_failure(thrown, "the backward pass"));
  }
}

}  // namespace fdl::exec
