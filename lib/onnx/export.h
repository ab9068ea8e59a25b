#pragma once

#include "lib/base/result.h"
#include "lib/graph/graph.h"
#include "lib/onnx/model.h"
#include "lib/weights/weight_files.h"

namespace fdl::onnx {

// The graph as it evaluates, as ONNX of Model::kOpset: the batch axis is "batch", named axes keep
// their names, owned tensors their paths. The values of owned tensors are empty as yet.
// Errors: FDL5221, with the first step that ONNX cannot express.
Result<Model> lower(const graph::Graph& graph);

// Fills in the values of the model's tensors. Errors: FDL5212 where the files lack one or it has
// another shape, FDL5221 where they are too large for one file, FDL5001, FDL5201.
Result<void> fill(const graph::Graph& graph, const weights::WeightFiles& files, Model& model);

}  // namespace fdl::onnx
