#pragma once

#include <filesystem>

#include <c10/core/Device.h>

#include "lib/base/result.h"
#include "lib/graph/graph.h"
#include "lib/job/job.h"

namespace fdl::train {

struct PredictSetup {
  std::filesystem::path run;     // whose weights are taken, as `fdl eval` does
  std::filesystem::path input;   // lib/train/predict_input.h says what it may be
  std::filesystem::path output;  // "" for standard output
  std::string format;            // csv, jsonl, npy or safetensors; "": by the output's name, or csv
  at::Device device = at::kCPU;  // where the model computes
};

struct Predicted {
  std::int64_t num_samples = 0;
  std::int64_t step = 0;  // of the checkpoint
};

// Predicts on every sample of the input, after the transforms for evaluation, batch by batch.
// Errors: FDL5231, FDL5203, FDL5002, and those of reading the data.
Result<Predicted> predict(const graph::Graph& graph, const job::Job& job,
                          const PredictSetup& setup);

}  // namespace fdl::train
