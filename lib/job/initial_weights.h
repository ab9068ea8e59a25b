#pragma once

#include <vector>

#include "lib/base/diagnostic.h"
#include "lib/graph/graph.h"
#include "lib/weights/matching.h"

namespace fdl::job {

// One `load:` of a model against the files it names: what fills which tensor.
struct LoadPlan {
  const graph::Load* load = nullptr;  // of the graph
  weights::WeightFiles files;
  weights::Matching matching;  // its tensors are indices into Graph::tensors

  // "'encoder' from enc.safetensors: 12 loaded, ...".
  std::string summary() const;
};

// In the order in which they are done. Reads headers only. `graph` must outlive it.
// Problems: FDL5211, FDL5212, FDL5201, FDL5001, each at its `load:`.
std::vector<LoadPlan> plan_loads(const graph::Graph& graph, Diagnostics& problems);

}  // namespace fdl::job
