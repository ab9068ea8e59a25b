#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "lib/graph/graph.h"
#include "lib/job/job.h"

namespace fdl::train {

// What one forward of a node in training, and its backward pass, ask of a machine.
struct NodeWork {
  double flops = 0;
  double moved_bytes = 0;  // the least: see plan::NodeCost
};

// By path, for batches of so many samples, as `fdl explain` counts them; of a node with blocks all
// that is in them. An expert counts for the samples that are dealt to it.
std::map<std::string, NodeWork> work_of_nodes(const graph::Graph& graph, const job::Job& job,
                                              std::int64_t batch_size);

}  // namespace fdl::train
