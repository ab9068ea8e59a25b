#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/catalog/passes.h"
#include "lib/graph/graph.h"
#include "lib/plan/memory.h"

// What a graph costs for one batch, before anything is computed.
namespace fdl::plan {

// One node in the order in which it runs. A loop's nodes come after it, counted for all turns; a
// switch's as if each branch got equally many samples.
struct NodeCost {
  std::string path;
  std::string kind;    // the module's name, "merge" or "loop"
  std::string output;  // its first output's type, "f32[B, 10]"
  std::int64_t num_parameters = 0;
  std::int64_t forward_flops = 0;   // multiply and add count as 2
  std::int64_t backward_flops = 0;  // of the gradients that training needs
  std::int64_t activation_bytes =
      0;  // that it makes and the backward pass needs, all turns together
  // The least that must move between memory and processor, whatever runs it: inputs, outputs and
  // owned tensors once; in the backward pass what the gradients that training needs are made of,
  // and these. Views, and merges that hand gradients on, move none.
  std::int64_t forward_bytes = 0, backward_bytes = 0;
  std::int64_t num_turns = 1;  // forwards in one batch, which flops and bytes are of
};

// Sums over nodes.
struct Subtotal {
  std::int64_t num_parameters = 0, forward_flops = 0, backward_flops = 0, activation_bytes = 0;
};

struct Plan {
  std::vector<NodeCost> nodes;
  std::int64_t num_parameters = 0;
  std::int64_t forward_flops = 0;
  std::int64_t backward_flops = 0;
  std::int64_t parameter_bytes = 0;
  std::int64_t buffer_bytes = 0;
  std::int64_t gradient_bytes = 0;  // of the parameters that train
  std::int64_t optimizer_bytes = 0;
  std::int64_t state_bytes = 0;       // what one call leaves to the next
  std::int64_t activation_bytes = 0;  // inputs and everything that the backward pass may need
  std::int64_t peak_bytes = 0;        // the most that one training step holds, all of the above
};

// What of a job the costs depend on, beside its graph.
struct PlanSetup {
  std::int64_t batch_size = 1;
  int state_per_parameter = 0;  // numbers that the optimizer keeps beside each parameter
  std::vector<LossMemory> losses;
  catalog::Passes passes = {};  // that the job runs with
};

// `setup.batch_size` is the size of the axis B; other named axes take their assumed size or their
// bound, and a node over an axis without one counts as 0.
Plan make_plan(const graph::Graph& graph, const PlanSetup& setup);

// The largest batch whose step stays within so many bytes; 0 when not even one sample does.
// At most 2^30.
std::int64_t largest_batch(const graph::Graph& graph, PlanSetup setup, std::int64_t limit_bytes);

// Over nodes, by their place in Plan::nodes.
Subtotal subtotal(const Plan& plan, const std::vector<std::size_t>& nodes);

}  // namespace fdl::plan
