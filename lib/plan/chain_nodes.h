#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "lib/catalog/passes.h"
#include "lib/graph/graph.h"

// A graph as memory sees it where chains and blocks of a CPU run as one: each of them is a node.
namespace fdl::plan {

struct ChainedGraph {
  // `wanted`: values that are read after a call, beside the graph's outputs.
  ChainedGraph(const graph::Graph& from, std::int64_t batch_size,
               const std::vector<graph::ValueId>& wanted, catalog::Passes passes);

  graph::Graph graph;
  std::vector<std::unique_ptr<catalog::ModuleSpec>> specs;  // of the chains' nodes

  // What chains hold from one step to the next: what they keep of a forward pass, one for each turn
  // of a loop, and the rest.
  std::int64_t forward_bytes = 0, other_bytes = 0;
  std::set<int> held_gradients;  // tensors whose gradients lie there

  // Whether that node is a chain's.
  static bool is_chain(const graph::Node& node);
};

}  // namespace fdl::plan
