#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/diagnostic.h"
#include "lib/base/result.h"
#include "lib/config/interpolate.h"
#include "lib/config/merge.h"
#include "lib/config/tree.h"

namespace fdl::config {

// What the command line chooses of a manifest.
struct Selection {
  std::string env;                     // overlay, "" for none
  std::string preset;                  // a command of the manifest, "" for none
  std::vector<std::string> overrides;  // "key=value", the last one wins
  Environment environment;             // for `${env:...}` and FDL_SET__A__B
  std::vector<Entry> params = {};      // of a file that another one uses: win over its own
};

// A manifest with its layers merged and its interpolation resolved. Bare names (`${out}`) in
// `model` and `modules` are left for the graph to bind.
struct Manifest {
  Node root;
  std::filesystem::path file;       // absolute
  std::filesystem::path folder;     // its folder: relative paths in it start here
  std::vector<std::string> layers;  // the files that were merged, lowest first, as shown to users
  std::vector<Deletion> deletions;
  MergeRules rules;  // it was merged by
};

// The nearest fdl.yaml, fdl.yml or fdl.json in `folder` or above it. Errors: FDL1101.
Result<std::filesystem::path> find_manifest(const std::filesystem::path& folder);

// The overlays beside a manifest: "ci" for fdl.ci.yml. Sorted.
std::vector<std::string> list_environments(const std::filesystem::path& manifest);

// Loads, merges and resolves. Problems: FDL10xx, FDL11xx; empty when there is no tree to go on
// with. Names in messages are relative to `shown_from` where that is shorter.
std::optional<Manifest> load_manifest(const std::filesystem::path& file, const Selection& selection,
                                      const MergeRules& rules,
                                      const std::filesystem::path& shown_from,
                                      Diagnostics& problems);

// The names of the commands of `root` that are presets: they change sections of the job.
std::vector<std::string> preset_names(const Node& root, const MergeRules& rules);

}  // namespace fdl::config
