#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/result.h"

// model.safetensors.index.json, which says how a large model is cut into several safetensors
// files: {"weight_map": {tensor: file}}. Other keys, such as "metadata", are passed over.

namespace fdl::format {

inline constexpr char kShardIndexName[] = "model.safetensors.index.json";
inline constexpr std::uint64_t kMostShardIndexBytes = std::uint64_t{64} << 20;

struct ShardIndex {
  std::vector<std::pair<std::string, std::string>> tensors;  // name, file beside the index
  std::vector<std::string> files;                            // each once, sorted
};

// What is promised: at least one tensor; file names are plain, so that none leads out of the
// folder. `path` is for messages. Errors: FDL5201.
Result<ShardIndex> parse_shard_index(std::string_view text, const std::filesystem::path& path);

// Errors: those of parse_shard_index; FDL5001 when it is missing, cannot be read, or is too long.
Result<ShardIndex> read_shard_index(const std::filesystem::path& path);

}  // namespace fdl::format
