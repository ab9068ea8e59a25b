#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/graph/graph.h"
#include "lib/job/job.h"

namespace fdl::data {

// One field of all samples of a source, as the source has it: bytes stay bytes.
struct FieldValues {
  std::string name;
  catalog::TensorType type;  // of one sample
  at::Tensor values;         // [num_samples, ...], contiguous
};

// One named part of the data, whole in memory.
struct Dataset {
  std::vector<FieldValues> fields;  // in the order of job::SourceInfo::fields
  std::vector<std::int64_t> rows;   // the samples of this part, as rows of the values

  std::int64_t num_samples() const { return static_cast<std::int64_t>(rows.size()); }
};

// Reads the samples that a split selects. `graph` gives synthetic data its shapes.
// Errors: FDL5101, FDL5102, FDL4007.
Result<Dataset> load_split(const job::DataSplit& split, const graph::Graph& graph,
                           const std::filesystem::path& folder);

}  // namespace fdl::data
