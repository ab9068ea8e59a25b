#pragma once

#include <cstdint>
#include <vector>

#include "lib/catalog/passes.h"
#include "lib/graph/graph.h"

namespace fdl::plan {

// A loss, as far as memory goes.
struct LossMemory {
  graph::ValueId output = -1;
  int kept_outputs = 1, worked_outputs = 1;  // as in catalog::EntrySpec
};

// What one training step holds beside parameters, buffers and the optimizer's state.
struct StepMemory {
  std::int64_t activation_bytes = 0;     // at the end of the forward pass: inputs and what is kept
  std::int64_t state_bytes = 0;          // of these, what the call before left
  std::int64_t gradient_bytes = 0;       // of the parameters
  std::int64_t peak_bytes = 0;           // the most at any moment, gradients included
  std::vector<std::int64_t> node_bytes;  // what each node adds to activation_bytes; see all_nodes
};

// Follows forward and backward pass node by node, in the executor's order: what each makes, keeps
// and lets go. Of `passes` chains run as one step and hold memory from step to step, blocks behind
// convolutions run as one, recurrent layers and experts hold what their ways need; node_bytes are
// those of nodes one by one. A loop counts all its turns, a switch as if each branch got equally
// many rows.
StepMemory step_memory(const graph::Graph& graph, std::int64_t batch_size,
                       const std::vector<LossMemory>& losses, catalog::Passes passes);

// All nodes in the order in which they run, a node before those of its blocks.
std::vector<const graph::Node*> all_nodes(const graph::Graph& graph);

}  // namespace fdl::plan
