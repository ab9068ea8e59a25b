#include "lib/plan/plan.h"

#include <map>

namespace fdl::plan {
namespace {

using catalog::Dim;  // for its arithmetic, which stops at the largest number
using catalog::TensorType;

class Planner {
 public:
  Planner(const graph::Graph& graph, std::int64_t batch_size)
      : graph_(graph), sizes_(graph.axis_bounds) {
    sizes_["B"] = batch_size;
  }

  void add_block(const graph::Block& block, const Dim& turns, Plan& plan) const {
    for (const graph::Node& node : block.nodes) {
      plan.nodes.push_back(cost_of(node, turns));
      const bool repeats = node.kind == graph::Node::Kind::Loop;
      for (const graph::Block& inner : node.blocks)
        add_block(inner, repeats ? turns * node.times : turns, plan);
    }
  }

  Dim bytes_of_value(graph::ValueId id) const {
    const TensorType& type = graph_.values[static_cast<std::size_t>(id)].type;
    return known(num_elements(type.shape)) * catalog::bytes_of(type.dtype);
  }

 private:
  Dim known(const Dim& dim) const { return dim.evaluate(sizes_).value_or(0); }

  NodeCost cost_of(const graph::Node& node, const Dim& turns) const {
    NodeCost cost;
    cost.path = node.path;
    cost.kind = node.spec != nullptr ? node.spec->name() : std::string(to_string(node.kind));
    cost.output = to_string(graph_.values[static_cast<std::size_t>(node.outputs.front())].type);
    for (const int index : node.tensors) {
      const graph::OwnedTensor& tensor = graph_.tensors[static_cast<std::size_t>(index)];
      if (!tensor.is_buffer)
        cost.num_parameters = (cost.num_parameters + Dim(tensor.num_elements())).number();
    }
    if (!node.blocks.empty()) return cost;  // its nodes follow, and its output is theirs
    for (const graph::ValueId output : node.outputs)
      cost.activation_bytes = (cost.activation_bytes + bytes_of_value(output) * turns).number();
    if (node.spec == nullptr) return cost;
    std::vector<TensorType> inputs, outputs;
    for (const graph::ValueId id : node.inputs) {
      inputs.push_back(id == graph::kAbsent ? TensorType::absent()
                                            : graph_.values[static_cast<std::size_t>(id)].type);
    }
    for (const graph::ValueId id : node.outputs)
      outputs.push_back(graph_.values[static_cast<std::size_t>(id)].type);
    cost.forward_flops =
        (known(node.spec->flops(node.params.get(), inputs, outputs)) * turns).number();
    return cost;
  }

  const graph::Graph& graph_;
  std::map<std::string, std::int64_t> sizes_;
};

}  // namespace

Plan make_plan(const graph::Graph& graph, std::int64_t batch_size, int state_per_parameter) {
  const Planner planner(graph, batch_size);
  Plan plan;
  planner.add_block(graph.root, 1, plan);
  Dim flops = 0, activations = 0;
  for (const NodeCost& node : plan.nodes) {
    flops = flops + node.forward_flops;
    activations = activations + node.activation_bytes;
  }
  for (const graph::NamedValue& input : graph.inputs)
    activations = activations + planner.bytes_of_value(input.value);
  Dim states = 0;
  for (const graph::State& state : graph.states)
    states = states + planner.bytes_of_value(state.read);
  plan.state_bytes = states.number();
  plan.forward_flops = flops.number();
  plan.activation_bytes = activations.number();
  plan.num_parameters = graph.num_parameters();
  plan.parameter_bytes =
      (Dim(plan.num_parameters) * catalog::bytes_of(catalog::DType::F32)).number();
  plan.gradient_bytes = plan.parameter_bytes;
  plan.optimizer_bytes = (Dim(plan.parameter_bytes) * state_per_parameter).number();
  return plan;
}

}  // namespace fdl::plan
