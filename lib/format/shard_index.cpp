#include "lib/format/shard_index.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "lib/base/files.h"
#include "lib/format/json_text.h"

namespace fdl::format {
namespace {

namespace fs = std::filesystem;

Failure damaged(const fs::path& path, std::string_view problem) {
  return fail(error(Code::CheckpointCorrupt, {}, "'{}' is no index of safetensors files: {}",
                    path.string(), problem)
                  .help("fetch the file again"));
}

}  // namespace

Result<ShardIndex> parse_shard_index(std::string_view text, const fs::path& path) {
  // A NUL byte would end the text for the JSON reader, and what follows would go unseen.
  const bool has_nul = text.find('\0') != std::string_view::npos;
  const nlohmann::json tree = has_nul ? nlohmann::json(nlohmann::json::value_t::discarded)
                                      : nlohmann::json::parse(text, nullptr, false);
  if (!tree.is_object()) return damaged(path, "it is not a JSON object");
  const auto map = tree.find("weight_map");
  if (map == tree.end() || !map->is_object()) return damaged(path, "'weight_map' is no map");
  if (map->empty()) return damaged(path, "'weight_map' is empty");
  ShardIndex out;
  for (const auto& [name, value] : map->items()) {
    const std::string* const file = value.get_ptr<const std::string*>();
    if (file == nullptr)
      return damaged(path, fmt::format("the file of '{}' is no text", shortened(name)));
    if (!is_plain_file_name(*file)) {
      return damaged(path, fmt::format("'{}', the file of '{}', is no plain file name",
                                       shortened(*file), shortened(name)));
    }
    out.tensors.emplace_back(name, *file);
    out.files.push_back(*file);
  }
  std::sort(out.files.begin(), out.files.end());
  out.files.erase(std::unique(out.files.begin(), out.files.end()), out.files.end());
  return out;
}

Result<ShardIndex> read_shard_index(const fs::path& path) {
  const Result<std::string> text = read_file(path, kMostShardIndexBytes);
  if (!text) return fail(text.error());
  return parse_shard_index(*text, path);
}

}  // namespace fdl::format
