#include "lib/plan/gradients.h"

#include <algorithm>

namespace fdl::plan {

using graph::MergeKind;
using graph::Node;
using graph::ValueId;

Gradients::Gradients(const graph::Graph& graph)
    : graph_(graph), needs_(graph.values.size(), false) {
  visit(graph.root);
}

bool Gradients::of_tensors(const Node& node) const {
  return std::any_of(node.tensors.begin(), node.tensors.end(), [&](int index) {
    const graph::OwnedTensor& tensor = graph_.tensors[static_cast<std::size_t>(index)];
    return !tensor.is_buffer && !tensor.is_frozen;
  });
}

bool Gradients::of_inputs(const Node& node) const {
  return std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) { return of(id); });
}

void Gradients::mark(ValueId value, bool needs) {
  const auto at = static_cast<std::size_t>(value);
  if (needs && catalog::is_floating(graph_.values[at].type.dtype)) needs_[at] = true;
}

void Gradients::visit(const graph::Block& block) {
  for (const Node& node : block.nodes) visit(node);
}

void Gradients::visit(const Node& node) {
  bool needs = of_node(node);
  // A second time, as what a loop's body makes comes back into it.
  for (int pass = 0; pass < 2; ++pass) {
    for (const graph::Block& inner : node.blocks) {
      mark(inner.inputs.front(), needs);
      visit(inner);
      for (const ValueId made : inner.outputs) needs = needs || of(made);
    }
  }
  for (const ValueId output : node.outputs) mark(output, needs);
}

std::vector<ValueId> kept_values(const Node& node) {
  std::vector<ValueId> out;
  const bool multiplies = node.kind == Node::Kind::Merge &&
                          (node.merge == MergeKind::Mul || node.merge == MergeKind::Max ||
                           node.merge == MergeKind::Min);
  if (node.kind == Node::Kind::Gate) {  // weights, and what the experts make
    out.push_back(node.inputs.front());
    for (const graph::Block& expert : node.blocks) out.push_back(expert.outputs.front());
    return out;
  }
  if (node.kind != Node::Kind::Module) return multiplies ? node.inputs : out;
  if (!node.spec->kept) {
    out = node.inputs;
    out.erase(std::remove(out.begin(), out.end(), graph::kAbsent), out.end());
    return out;
  }
  const std::vector<std::string> ports = node.spec->output_names(node.params.get());
  for (const std::string& name : node.spec->kept(node.params.get())) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.spec->inputs[i].name == name && node.inputs[i] != graph::kAbsent)
        out.push_back(node.inputs[i]);
    }
    const auto port = std::find(ports.begin(), ports.end(), name);
    if (port != ports.end())
      out.push_back(node.outputs[static_cast<std::size_t>(port - ports.begin())]);
  }
  return out;
}

bool is_view(const Node& node) {
  if (node.kind == Node::Kind::Module) return node.spec->is_view;
  // Only the first axis after the batch joins it, or parts from it, without a copy.
  const bool folds = node.kind == Node::Kind::Fold || node.kind == Node::Kind::Unfold;
  return folds && node.dim == 1 && node.times == 0;
}

}  // namespace fdl::plan
