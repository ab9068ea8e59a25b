#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/graph/graph.h"
#include "lib/job/job.h"
#include "lib/monitor/event.h"
#include "lib/tensor/store.h"

namespace fdl::train {

struct BestWeights {
  std::int64_t step = 0;      // of their checkpoint
  bool are_averages = false;  // of a job with `ema`
};

// Loads into `store` the weights that a run is judged by: those of its best whole checkpoint by the
// newest one's table, else of the newest; their averages when it has some. Errors: FDL5203 when it
// has no checkpoint.
Result<BestWeights> load_best(const std::filesystem::path& run, tensor::TensorStore& store);

// Measures a run's best checkpoint, or its newest when it keeps no best, on one part of the data,
// or on all sets of it: one `eval` event each. Errors: FDL5203 when the run has no whole
// checkpoint, FDL2001 when the job has no such part, and those of loading and running.
Result<std::vector<monitor::Event>> evaluate_run(const graph::Graph& graph, const job::Job& job,
                                                 const std::filesystem::path& run,
                                                 const std::string& split,
                                                 at::Device device = at::kCPU);

}  // namespace fdl::train
