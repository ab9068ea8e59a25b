#pragma once

#include "lib/graph/graph.h"

// Faster ways to run the experts of a gate than one after the other on all samples, where the
// result is the same up to the order of sums: docs/adr/0015. Internal to this folder.
namespace fdl::exec {

// Whether an expert runs on those samples alone that have a weight for it: the weights are per
// sample, top_k leaves at most half of them, no sample depends on another, and it pays.
bool can_deal(const graph::Graph& graph, const graph::Node& gate);

// Whether one pass computes all experts: they are alike but for their tensors, and these are small.
bool can_batch(const graph::Graph& graph, const graph::Node& gate);

}  // namespace fdl::exec
