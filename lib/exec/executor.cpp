#include "lib/exec/executor.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/argsort.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <torch/csrc/autograd/autograd.h>

#include "lib/base/check.h"
#include "lib/exec/control.h"
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
  Run(const graph::Graph& graph, nn::StepContext context, at::Device device)
      : context_(context), values_(graph.values.size()), device_(device) {}

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
    if (step.node->kind == Node::Kind::Switch) return choose(step);
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
    switch (node.kind) {
      case Node::Kind::Merge:
        return {merge(node.merge, node.dim, inputs)};
      case Node::Kind::Gate:
        return gate(node, inputs);
      case Node::Kind::Fold:
        return {fold_axis(inputs[0], node.dim, node.times)};
      case Node::Kind::Unfold:
        return {unfold_axis(inputs[0], inputs[1], node.dim, node.times)};
      case Node::Kind::Arange:
        return {positions(inputs.empty() ? node.times : inputs[0].size(node.dim), device_)};
      default:
        break;
    }
    context_.node_path = node.path;
    const bool trains = context_.training;
    context_.training = trains && !node.is_frozen;
    std::vector<at::Tensor> out = step.forward(node.params.get(), step.own, inputs, context_);
    context_.training = trains;
    return out;
  }

  // One block from `stream` to what it makes.
  Result<at::Tensor> block(const Step& step, std::size_t index, at::Tensor stream) {
    const graph::Block& block = step.node->blocks[index];
    (*this)[block.inputs.front()] = std::move(stream);
    FDL_TRY(steps(step.blocks[index]));
    return (*this)[block.outputs.front()];
  }

  Result<void> loop(const Step& step) {
    const Node& node = *step.node;
    const std::int64_t outer_turn = context_.loop_turn;
    at::Tensor stream = (*this)[node.inputs.front()];
    std::vector<std::vector<at::Tensor>> traces(node.outputs.size() - 1);
    TurnCount turns(node, stream);
    while (turns.left() > 0) {
      context_.loop_turn = outer_turn * node.times + turns.done();
      if (node.condition == Node::Condition::While) {
        const Result<at::Tensor> number = block(step, 1, stream);
        if (!number) return fail(number.error());
        if (!turns.goes_on(*number)) break;
      }
      const Result<at::Tensor> made = block(step, 0, stream);
      if (!made) return fail(made.error());
      stream = turns.merge(stream, *made);
      for (std::size_t i = 0; i < traces.size(); ++i)
        traces[i].push_back((*this)[node.blocks.front().outputs[i + 1]]);
      if (node.condition == Node::Condition::Until) {
        const Result<at::Tensor> number = block(step, 1, stream);
        if (!number) return fail(number.error());
        if (!turns.goes_on(*number)) break;
      }
    }
    context_.loop_turn = outer_turn;
    (*this)[node.outputs.front()] = std::move(stream);
    for (std::size_t i = 0; i < traces.size(); ++i)
      (*this)[node.outputs[i + 1]] = at::stack(traces[i], 1);
    return {};
  }

  // Each sample goes through its own block: rows are dealt out, and put back in their order.
  Result<void> choose(const Step& step) {
    const Node& node = *step.node;
    const at::Tensor stream = (*this)[node.inputs[1]];
    const auto rows = deal_rows((*this)[node.inputs[0]], node.blocks.size());
    if (!rows) {
      return fail(error(Code::NodeFailed, node.span,
                        "a selector chose a branch that is not there: there are {}",
                        node.blocks.size())
                      .at_node(node.path));
    }
    std::vector<at::Tensor> made, order;
    for (std::size_t i = 0; i < node.blocks.size(); ++i) {
      if ((*rows)[i].numel() == 0) continue;
      const auto kept = narrow(step.outer[i], stream.size(0), (*rows)[i]);
      Result<at::Tensor> out = block(step, i, stream.index_select(0, (*rows)[i]));
      if (!out) return fail(out.error());
      scatter(step.outer[i], kept);
      made.push_back(*std::move(out));
      order.push_back((*rows)[i]);
    }
    (*this)[node.outputs.front()] =
        at::cat(made, 0).index_select(0, at::argsort(at::cat(order, 0)));
    return {};
  }

  // Leaves only those rows of the values that have one per sample; returns the values as they were.
  std::vector<at::Tensor> narrow(const std::vector<ValueId>& ids, std::int64_t num_samples,
                                 const at::Tensor& rows) {
    std::vector<at::Tensor> before = gather(ids);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (before[i].dim() > 0 && before[i].size(0) == num_samples)
        (*this)[ids[i]] = before[i].index_select(0, rows);
    }
    return before;
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
  at::Device device_;
};

}  // namespace

Executor::Executor(const graph::Graph& graph, const tensor::TensorStore& store,
                   std::vector<graph::ValueId> wanted) {
  std::vector<ValueId> kept = wanted;
  for (const graph::State& state : graph.states) kept.push_back(state.written);
  std::vector<Step> steps = compile(graph, store, kept);
  program_ = std::make_unique<Program>(Program{graph, std::move(wanted), std::move(steps)});
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
  Run run(graph, context, inputs.front().device());
  for (std::size_t i = 0; i < inputs.size(); ++i) run[graph.inputs[i].value] = inputs[i];
  for (std::size_t i = 0; i < states.size(); ++i) run[graph.states[i].read] = states[i];
  FDL_TRY(run.steps(program_->steps));
  Called out;
  for (const ValueId id : program_->wanted) out.values.push_back(run[id]);
  for (const graph::State& state : graph.states) out.states.push_back(run[state.written]);
  return out;
}

Result<std::vector<at::Tensor>> gradients(const at::Tensor& loss,
                                          const std::vector<tensor::NamedTensor>& parameters) {
  std::vector<at::Tensor> leaves;
  leaves.reserve(parameters.size());
  for (const auto& parameter : parameters) {
    if (parameter.value.requires_grad()) leaves.push_back(parameter.value);
  }
  try {
    std::vector<at::Tensor> found =
        torch::autograd::grad({loss}, leaves, /*grad_outputs=*/{}, /*retain_graph=*/false,
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
