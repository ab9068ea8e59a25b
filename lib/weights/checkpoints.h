#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/result.h"

// The checkpoints of a run's folder, without libtorch.
namespace fdl::weights {

struct FoundCheckpoint {
  std::int64_t step = 0;
  std::filesystem::path path;
};

bool is_checkpoint(const std::filesystem::path& folder);  // it has a manifest.json
bool is_run(const std::filesystem::path& folder);         // it has checkpoints/

// Those of a run, newest first.
std::vector<FoundCheckpoint> list_checkpoints(const std::filesystem::path& run);

// The one that `wanted` names, "500", "best" or "last"; "" is the best, else the last. Only those
// whose files have the right sizes count. Errors: FDL5211, naming those that are there; FDL5201
// when the one that is named is damaged.
Result<std::filesystem::path> choose_checkpoint(const std::filesystem::path& run,
                                                const std::string& wanted);

// Holds the files of a checkpoint to the sizes in its manifest.json. Errors: FDL5201, FDL5001.
Result<void> check_sizes(const std::filesystem::path& checkpoint);

}  // namespace fdl::weights
