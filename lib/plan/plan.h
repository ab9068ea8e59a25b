#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/graph/graph.h"

// What a graph costs for one batch, before anything is computed.
namespace fdl::plan {

// One node in the order in which it runs. A loop's nodes come after it, counted for all turns.
struct NodeCost {
  std::string path;
  std::string kind;    // the module's name, "merge" or "loop"
  std::string output;  // its first output's type, "f32[B, 10]"
  std::int64_t num_parameters = 0;
  std::int64_t forward_flops = 0;     // multiply and add count as 2
  std::int64_t activation_bytes = 0;  // of its outputs, all turns together
};

struct Plan {
  std::vector<NodeCost> nodes;
  std::int64_t num_parameters = 0;
  std::int64_t forward_flops = 0;
  std::int64_t parameter_bytes = 0;
  std::int64_t gradient_bytes = 0;
  std::int64_t optimizer_bytes = 0;
  std::int64_t state_bytes = 0;       // what one call leaves to the next
  std::int64_t activation_bytes = 0;  // inputs and everything that the backward pass may need
};

// `batch_size` is the size of the axis B; other named axes take their bounds, and a node over an
// axis without one counts as 0. `state_per_parameter`: numbers that the optimizer keeps beside each
// parameter.
Plan make_plan(const graph::Graph& graph, std::int64_t batch_size, int state_per_parameter);

}  // namespace fdl::plan
