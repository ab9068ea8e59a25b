#pragma once

#include <vector>

#include "lib/base/result.h"
#include "lib/exec/executor.h"

namespace fdl::train {

// Calls a model, not in training, on whole inputs in the order of Graph::inputs; one with states at
// every position along axis 1, from new states on. Gives what the executor gives; of a model with
// states that of all positions, along axis 1. Errors: FDL5404.
Result<std::vector<at::Tensor>> whole_call(const exec::Executor& executor,
                                           const graph::Graph& graph, std::uint64_t seed,
                                           const std::vector<at::Tensor>& inputs);

}  // namespace fdl::train
