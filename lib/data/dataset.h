#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "lib/data/sampling.h"
#include "lib/data/source.h"
#include "lib/graph/graph.h"
#include "lib/job/job.h"

namespace fdl::data {

// One named part of the data.
struct Dataset {
  std::shared_ptr<const Source> source;
  std::vector<job::Field> fields;  // those of the source, then masks
  // The samples of this part, by their place in the source; of windows: by their first token.
  std::vector<std::int64_t> rows;
  std::shared_ptr<const Sampling> sampling;  // of training with a sampler
  std::vector<std::filesystem::path> files;  // that hold the samples, or folders of them

  std::int64_t num_samples() const { return static_cast<std::int64_t>(rows.size()); }
};

// Opens the samples that a split selects. `graph` gives synthetic data its shapes.
// Errors: FDL5101, FDL5102, FDL4007, FDL4050.
Result<Dataset> load_split(const job::DataSplit& split, const job::Job& job,
                           const graph::Graph& graph);

}  // namespace fdl::data
