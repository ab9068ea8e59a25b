#pragma once

#include "lib/base/result.h"
#include "lib/graph/graph.h"
#include "lib/tensor/store.h"
#include "lib/train/event_log.h"

namespace fdl::train {

// Does what the model's `load:` say, in their order, and records each, where `events` is given, as
// a `load` event with the size and SHA-256 of its files. Errors: FDL5211, FDL5212, FDL5201 (also
// when a checkpoint's SHA-256 is not the one in its manifest.json), FDL5001, FDL5002.
Result<void> load_initial_weights(const graph::Graph& graph, const tensor::TensorStore& store,
                                  const EventLog* events);

}  // namespace fdl::train
