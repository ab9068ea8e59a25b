#pragma once

#include <vector>

#include "lib/graph/graph.h"

namespace fdl::plan {

// Where a training step computes gradients: not of integers, not of what only frozen parameters and
// the model's inputs lead to.
class Gradients {
 public:
  explicit Gradients(const graph::Graph& graph);

  bool of(graph::ValueId value) const {
    return value >= 0 && needs_[static_cast<std::size_t>(value)];
  }
  bool of_tensors(const graph::Node& node) const;  // of some tensor that it owns
  bool of_inputs(const graph::Node& node) const;
  // Whether its backward pass runs.
  bool of_node(const graph::Node& node) const { return of_tensors(node) || of_inputs(node); }

 private:
  void visit(const graph::Block& block);
  void visit(const graph::Node& node);
  void mark(graph::ValueId value, bool needs);

  const graph::Graph& graph_;
  std::vector<bool> needs_;
};

// Names in catalog::ModuleSpec::kept, as values: what the node keeps for its backward pass.
std::vector<graph::ValueId> kept_values(const graph::Node& node);

// Whether the node's output is its first input's memory.
bool is_view(const graph::Node& node);

}  // namespace fdl::plan
