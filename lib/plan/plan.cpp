#include "lib/plan/plan.h"

#include <algorithm>

#include "lib/plan/gradients.h"
#include "lib/plan/sizes.h"

namespace fdl::plan {
namespace {

using catalog::Dim;  // for its arithmetic, which stops at the largest number
using graph::MergeKind;
using graph::Node;
using graph::ValueId;

constexpr std::int64_t kLargestBatch = std::int64_t{1} << 30;

class Planner {
 public:
  Planner(const graph::Graph& graph, std::int64_t batch_size)
      : graph_(graph), sizes_(graph, batch_size), gradients_(graph) {}

  // `shares`: a node runs for one in so many samples.
  void add_block(const graph::Block& block, const Dim& turns, std::int64_t shares,
                 Plan& plan) const {
    for (const Node& node : block.nodes) {
      plan.nodes.push_back(cost_of(node, turns, shares));
      const bool repeats = node.kind == Node::Kind::Loop;
      const bool chooses = node.kind == Node::Kind::Switch;
      const std::int64_t branches = chooses ? static_cast<std::int64_t>(node.blocks.size()) : 1;
      for (const graph::Block& inner : node.blocks)
        add_block(inner, repeats ? turns * Dim(node.times) : turns, shares * branches, plan);
    }
  }

 private:
  NodeCost cost_of(const Node& node, const Dim& turns, std::int64_t shares) const {
    NodeCost cost;
    cost.path = node.path;
    cost.kind = node.spec != nullptr ? node.spec->name() : std::string(to_string(node.kind));
    cost.output = to_string(graph_.values[static_cast<std::size_t>(node.outputs.front())].type);
    for (const int index : node.tensors) {
      const graph::OwnedTensor& tensor = graph_.tensors[static_cast<std::size_t>(index)];
      if (!tensor.is_buffer)
        cost.num_parameters = (Dim(cost.num_parameters) + Dim(tensor.num_elements())).number();
    }
    cost.num_turns = turns.number();
    if (!node.blocks.empty()) return cost;  // its nodes follow
    const auto all = [&](const Dim& once) { return floor_div(once * turns, shares).number(); };
    cost.forward_flops = all(forward_flops(node));
    cost.backward_flops = all(backward_flops(node));
    cost.forward_bytes = all(forward_bytes(node));
    cost.backward_bytes = all(backward_bytes(node));
    add_parametrizations(node, turns, cost);
    return cost;
  }

  // Each forward computes the tensor, each backward its gradient.
  void add_parametrizations(const Node& node, const Dim& turns, NodeCost& cost) const {
    for (const graph::Parametrization& p : node.parametrizations) {
      const auto index = static_cast<std::size_t>(node.tensors[p.originals.front()]);
      const Dim flops = Dim(graph_.tensors[index].num_elements()) * p.spec->flops(p.params.get());
      cost.forward_flops = (Dim(cost.forward_flops) + flops * turns).number();
      if (gradients_.of_tensors(node))
        cost.backward_flops = (Dim(cost.backward_flops) + flops * turns).number();
    }
  }

  Dim forward_flops(const Node& node) const {
    if (node.spec != nullptr) return sizes_.count(node.spec->flops, node);
    Dim elements = 1;
    for (const Dim& dim : sizes_.type_of(node.outputs.front()).shape)
      elements = elements * sizes_.number_of(dim);
    const auto others = static_cast<std::int64_t>(node.inputs.size()) - 1;
    if (node.kind == Node::Kind::Gate)
      return elements * Dim(2 * static_cast<std::int64_t>(node.blocks.size()));
    const bool computes = node.kind == Node::Kind::Merge && node.merge != MergeKind::Stack &&
                          node.merge != MergeKind::Concat;
    return computes ? elements * Dim(others) : Dim(0);
  }

  Dim backward_flops(const Node& node) const {
    const bool of_inputs = gradients_.of_inputs(node), of_tensors = gradients_.of_tensors(node);
    if (node.spec == nullptr) {
      const bool passes = node.kind == Node::Kind::Merge && node.merge == MergeKind::Add;
      return of_inputs && !passes ? forward_flops(node) : Dim(0);
    }
    const auto count = [&](const void* params, const auto& inputs, const auto& outputs) {
      return node.spec->backward_flops(params, inputs, outputs, of_inputs, of_tensors);
    };
    return sizes_.count(count, node);
  }

  Dim forward_bytes(const Node& node) const {
    if (is_view(node)) return 0;
    return value_bytes(node.inputs) + value_bytes(node.outputs) + tensor_bytes(node);
  }

  // The gradients of the outputs come in. Those of the inputs are made with the tensors, those of
  // the tensors with the inputs.
  Dim backward_bytes(const Node& node) const {
    const bool of_inputs = gradients_.of_inputs(node), of_tensors = gradients_.of_tensors(node);
    const bool hands_on = node.kind == Node::Kind::Merge &&
                          (node.merge == MergeKind::Add || node.merge == MergeKind::Stack ||
                           node.merge == MergeKind::Concat);
    if (is_view(node) || hands_on || !(of_inputs || of_tensors)) return 0;
    Dim out = gradient_bytes(node.outputs);
    if (of_inputs) out = out + tensor_bytes(node) + gradient_bytes(node.inputs);
    if (of_tensors) out = out + tensor_bytes(node) + value_bytes(node.inputs);
    return out;
  }

  Dim value_bytes(const std::vector<ValueId>& values) const {
    Dim out = 0;
    for (const ValueId id : values) out = id == graph::kAbsent ? out : out + sizes_.bytes_of(id);
    return out;
  }
  Dim gradient_bytes(const std::vector<ValueId>& values) const {
    Dim out = 0;
    for (const ValueId id : values) out = gradients_.of(id) ? out + sizes_.bytes_of(id) : out;
    return out;
  }

  // Of a table only the rows that integers ask for are read: no more than come out.
  Dim tensor_bytes(const Node& node) const {
    Dim out = 0;
    for (const int index : node.tensors) {
      const graph::OwnedTensor& tensor = graph_.tensors[static_cast<std::size_t>(index)];
      out = out + Dim(tensor.num_elements()) * Dim(catalog::bytes_of(tensor.dtype));
    }
    const bool looks_up = node.spec != nullptr && !node.spec->inputs.empty() &&
                          node.spec->inputs.front().dtype == catalog::DTypeClass::Integer;
    return looks_up ? std::min(out.number(), value_bytes(node.outputs).number()) : out.number();
  }

  const graph::Graph& graph_;
  const Sizes sizes_;
  const Gradients gradients_;
};

Dim bytes_of_tensors(const graph::Graph& graph, bool buffers) {
  Dim out = 0;
  for (const graph::OwnedTensor& tensor : graph.tensors) {
    if (tensor.is_buffer == buffers)
      out = out + Dim(tensor.num_elements()) * Dim(catalog::bytes_of(tensor.dtype));
  }
  return out;
}

// What is there before the first step.
Dim fixed_bytes(const Plan& plan) {
  return Dim(plan.parameter_bytes) + Dim(plan.buffer_bytes) + Dim(plan.optimizer_bytes);
}

}  // namespace

Plan make_plan(const graph::Graph& graph, const PlanSetup& setup) {
  Plan plan;
  Planner(graph, setup.batch_size).add_block(graph.root, 1, 1, plan);
  const StepMemory step = step_memory(graph, setup.batch_size, setup.losses, setup.passes);
  Dim forward = 0, backward = 0;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    plan.nodes[i].activation_bytes = step.node_bytes[i];
    forward = forward + Dim(plan.nodes[i].forward_flops);
    backward = backward + Dim(plan.nodes[i].backward_flops);
  }
  plan.forward_flops = forward.number();
  plan.backward_flops = backward.number();
  plan.activation_bytes = step.activation_bytes;
  plan.state_bytes = step.state_bytes;
  plan.num_parameters = graph.num_parameters();
  plan.parameter_bytes = bytes_of_tensors(graph, false).number();
  plan.buffer_bytes = bytes_of_tensors(graph, true).number();
  plan.gradient_bytes = step.gradient_bytes;
  plan.optimizer_bytes = (Dim(plan.parameter_bytes) * Dim(setup.state_per_parameter)).number();
  plan.peak_bytes = (fixed_bytes(plan) + Dim(step.peak_bytes)).number();
  return plan;
}

std::int64_t largest_batch(const graph::Graph& graph, PlanSetup setup, std::int64_t limit_bytes) {
  setup.batch_size = 1;
  const Dim fixed = fixed_bytes(make_plan(graph, setup));
  const auto fits = [&](std::int64_t batch_size) {
    const Dim step = step_memory(graph, batch_size, setup.losses, setup.passes).peak_bytes;
    return (fixed + step).number() <= limit_bytes;
  };
  if (!fits(1)) return 0;
  std::int64_t good = 1;
  while (good < kLargestBatch && fits(good * 2)) good *= 2;
  for (std::int64_t step = good / 2; step > 0 && good < kLargestBatch; step /= 2)
    good += fits(good + step) ? step : 0;
  return good;
}

Subtotal subtotal(const Plan& plan, const std::vector<std::size_t>& nodes) {
  Dim parameters = 0, forward = 0, backward = 0, bytes = 0;
  for (const std::size_t i : nodes) {
    const NodeCost& node = plan.nodes[i];
    parameters = parameters + Dim(node.num_parameters);
    forward = forward + Dim(node.forward_flops);
    backward = backward + Dim(node.backward_flops);
    bytes = bytes + Dim(node.activation_bytes);
  }
  return {parameters.number(), forward.number(), backward.number(), bytes.number()};
}

}  // namespace fdl::plan
