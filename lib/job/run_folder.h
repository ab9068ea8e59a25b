#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/config/layers.h"
#include "lib/graph/graph.h"

// A run's folder: runs/<name>/<timestamp>-<short hash>/ with manifest.yml (resolved; what the
// engine reads), plan.json, environment.json, events.jsonl, metrics.csv, checkpoints/, log.txt.
namespace fdl::job {

struct RunFolder {
  std::filesystem::path path;
};

// Makes the folder and writes manifest.yml (the job's sections with origins), plan.json (graph
// hash, parameters, shapes) and environment.json (versions, machine, threads, project folder).
Result<RunFolder> create_run(const config::Manifest& manifest, const graph::Graph& graph,
                             const std::filesystem::path& output_dir, const std::string& timestamp);

// The newest run of the manifest's name under `output_dir`, or the named one (a path, or a folder
// name). Errors: FDL5203 when a named one is not there; an empty optional when there is none at
// all.
Result<std::optional<RunFolder>> find_run(const std::filesystem::path& output_dir,
                                          const std::string& model_name, const std::string& wanted);

// Checkpoints of a run that verify, newest first: folder names "step-<n>".
std::vector<std::filesystem::path> whole_checkpoints(const RunFolder& run);

}  // namespace fdl::job
