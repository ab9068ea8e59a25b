#pragma once

#include <map>
#include <span>
#include <vector>

#include "lib/graph/graph.h"

// Faster ways to run the experts of a gate than one after the other on all samples, where the
// result is the same up to the order of sums: docs/adr/0015.
namespace fdl::plan {

enum class ExpertsWay {
  OneByOne,
  // Each on those samples alone that have a weight for it: the weights are per sample, top_k leaves
  // at most half of them, no sample depends on another, and it pays.
  Dealt,
  // All as one batch: they are alike but for their tensors, and these are small.
  Batched,
};

// `is_looked_into`: somebody wants values from inside, which need them one by one.
ExpertsWay experts_way(const graph::Graph& graph, const graph::Node& gate, bool is_looked_into);

// Of batched experts: whether a node runs on all of their samples at once as on one batch.
bool can_fold(const graph::Node& node);
// Whether it is a product, which takes the stacked weights of all of them.
bool is_linear(const graph::Node& node);

// The ways of all gates of a graph, as its memory sees them.
class GateWays {
 public:
  // `passes`: as of catalog::Passes::experts; else all run one by one.
  GateWays(const graph::Graph& graph, bool passes);

  ExpertsWay of(const graph::Node& node) const;
  // Those that are followed: of experts that are one batch the first, as if its samples were those
  // of all.
  std::span<const graph::Block> blocks_of(const graph::Node& node) const;
  // Of the samples that come to a switch or a gate, those that each block sees, on average.
  double share_of_block(const graph::Node& node) const;
  // How often a value's samples are there: those of experts that are one batch.
  double copies_of(graph::ValueId value) const;
  // The tensors of a node, or of all that are one batch with it.
  const std::vector<int>& tensors_of(const graph::Node& node) const;
  bool is_stacked(const graph::Node& node) const { return stacked_.count(&node) != 0; }

 private:
  void visit(const graph::Block& block);
  void stack(const graph::Node& gate);

  const graph::Graph& graph_;
  std::map<const graph::Node*, ExpertsWay> ways_;
  std::map<const graph::Node*, std::vector<int>> stacked_;
  std::map<graph::ValueId, double> copies_;
};

}  // namespace fdl::plan
