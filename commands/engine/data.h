#pragma once

#include <filesystem>
#include <string>

#include "lib/base/result.h"
#include "lib/graph/graph.h"
#include "lib/job/job.h"

namespace fdl::engine {

struct DataRequest {
  std::string split;            // of several sets: all of them
  bool stats = false;           // go through all samples
  std::int64_t samples = 0;     // show so many
  std::filesystem::path sheet;  // where a picture of the first samples goes; empty: nowhere
  std::int64_t pictures = 64;   // how many are on it
};

// Looks at the data of a job and writes data.json into `folder`: a list with one object for each
// split. Errors: FDL2001 for a split that is not there, and those of loading.
Result<void> inspect_data(const graph::Graph& graph, const job::Job& job,
                          const DataRequest& request, const std::filesystem::path& folder);

}  // namespace fdl::engine
