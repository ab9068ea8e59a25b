#include "lib/format/checkpoint_manifest.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "lib/base/files.h"
#include "lib/base/sha256.h"
#include "lib/format/input_file.h"
#include "lib/format/json_text.h"

namespace fdl::format {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr char kManifestName[] = "manifest.json";
constexpr std::uint64_t kMostManifestBytes = 1 << 20;

using Problem = std::optional<std::string>;

Failure damaged(const fs::path& folder, std::string_view problem) {
  return fail(
      error(Code::CheckpointCorrupt, {}, "checkpoint '{}' is damaged: {}", folder.string(), problem)
          .help("use another checkpoint; `fdl run --resume` finds the newest whole one"));
}

Problem check_name(const std::string& name) {
  if (is_plain_file_name(name) && name != kManifestName) return {};
  return fmt::format("'{}' is no plain file name", shortened(name));
}

Problem check_names(std::span<const std::string> names) {
  if (names.empty()) return "it lists no files";
  for (const std::string& name : names)
    if (Problem problem = check_name(name)) return problem;
  std::vector<std::string_view> sorted(names.begin(), names.end());
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice == sorted.end()) return {};
  return fmt::format("'{}' stands twice", shortened(*twice));
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Json to_json(const CheckpointManifest& manifest) {
  Json out;
  out["format_version"] = manifest.format_version;
  out["graph_hash"] = manifest.graph_hash;
  out["files"] = Json::array();
  for (const auto& file : manifest.files) {
    out["files"].push_back(
        Json{{"name", file.name}, {"num_bytes", file.num_bytes}, {"sha256", file.sha256}});
  }
  return out;
}

const std::string* string_at(const Json& map, const char* key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : found->get_ptr<const std::string*>();
}

std::optional<std::uint64_t> number_at(const Json& map, const char* key) {
  const auto found = map.find(key);
  if (found == map.end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

Problem read_files(const Json& tree, CheckpointManifest& manifest) {
  const auto list = tree.find("files");
  if (list == tree.end() || !list->is_array()) return "'files' is no list";
  std::vector<std::string> names;
  for (const Json& item : *list) {
    const auto where = fmt::format("'files' entry {}", manifest.files.size());
    if (!item.is_object()) return where + " is no map";
    const std::string* const name = string_at(item, "name");
    const std::string* const sha256 = string_at(item, "sha256");
    const std::optional<std::uint64_t> num_bytes = number_at(item, "num_bytes");
    if (!name) return where + ": 'name' is no text";
    if (!num_bytes) return where + ": 'num_bytes' is no whole number from 0";
    if (!sha256 || !is_sha256(*sha256)) return where + ": 'sha256' is not 64 hexadecimal digits";
    names.push_back(*name);
    manifest.files.push_back({*name, *num_bytes, *sha256});
  }
  return check_names(names);
}

Result<CheckpointManifest> parse(const fs::path& folder, const std::string& text) {
  const auto refuse = [&](std::string_view problem) {
    return damaged(folder, fmt::format("{}: {}", kManifestName, problem));
  };
  // A NUL byte would end the text for the JSON reader, and what follows would go unseen.
  const bool has_nul = text.find('\0') != std::string::npos;
  const Json tree = has_nul ? Json(Json::value_t::discarded) : Json::parse(text, nullptr, false);
  if (!tree.is_object()) return refuse("it is not a JSON object");
  const std::optional<std::uint64_t> version = number_at(tree, "format_version");
  if (!version || *version == 0) return refuse("'format_version' is no whole number from 1");
  if (*version > kCheckpointFormatVersion) {
    return fail(error(Code::CheckpointCorrupt, {},
                      "checkpoint '{}' was written by a newer fdl: its format_version is {}, this "
                      "fdl reads {}",
                      folder.string(), *version, kCheckpointFormatVersion)
                    .help("update fdl"));
  }
  const std::string* const graph_hash = string_at(tree, "graph_hash");
  if (!graph_hash) return refuse("'graph_hash' is no text");
  CheckpointManifest manifest;
  manifest.format_version = static_cast<int>(*version);
  manifest.graph_hash = *graph_hash;
  if (const Problem problem = read_files(tree, manifest)) return refuse(*problem);
  return manifest;
}

Result<void> verify_file(const fs::path& folder, const CheckpointManifest::File& expected) {
  const fs::path path = folder / expected.name;
  const Result<InputFile> file = InputFile::open(path, Code::CheckpointCorrupt);
  if (!file && file.error().code == Code::CheckpointCorrupt)
    return damaged(folder, fmt::format("'{}' is missing", expected.name));
  if (!file) return fail(file.error());
  if (file->num_bytes() != expected.num_bytes) {
    return damaged(folder, fmt::format("'{}' has {} bytes; {} says {}", expected.name,
                                       file->num_bytes(), kManifestName, expected.num_bytes));
  }
  const Result<std::string> sha256 = sha256_file(path);
  if (!sha256) return fail(sha256.error());
  if (*sha256 != expected.sha256) {
    return damaged(folder, fmt::format("'{}' has SHA-256 {}; {} says {}", expected.name, *sha256,
                                       kManifestName, expected.sha256));
  }
  return {};
}

}  // namespace

Result<CheckpointManifest> write_checkpoint_manifest(const fs::path& folder,
                                                     const std::string& graph_hash,
                                                     std::span<const std::string> file_names) {
  const fs::path path = folder / kManifestName;
  if (const Problem problem = check_names(file_names))
    return fail(error(Code::CannotWrite, {}, "cannot write '{}': {}", path.string(), *problem));
  CheckpointManifest manifest;
  manifest.graph_hash = graph_hash;
  for (const std::string& name : file_names) {
    const Result<InputFile> file = InputFile::open(folder / name);
    if (!file) return fail(file.error());
    const Result<std::string> sha256 = sha256_file(folder / name);
    if (!sha256) return fail(sha256.error());
    manifest.files.push_back({name, file->num_bytes(), *sha256});
  }
  FDL_TRY(write_atomic(
      path, to_json(manifest).dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
  return manifest;
}

Result<CheckpointManifest> read_checkpoint_manifest(const fs::path& folder) {
  const fs::path path = folder / kManifestName;
  const Result<InputFile> file = InputFile::open(path, Code::CheckpointCorrupt);
  if (!file && file.error().code == Code::CheckpointCorrupt)
    return damaged(folder, fmt::format("it has no {}", kManifestName));
  if (!file) return fail(file.error());
  if (file->num_bytes() > kMostManifestBytes) {
    return damaged(folder,
                   fmt::format("{} is longer than {} bytes", kManifestName, kMostManifestBytes));
  }
  const Result<std::string> text = read_file(path, kMostManifestBytes);
  if (!text) return fail(text.error());
  return parse(folder, *text);
}

Result<CheckpointManifest> verify_checkpoint(const fs::path& folder) {
  Result<CheckpointManifest> manifest = read_checkpoint_manifest(folder);
  if (!manifest) return manifest;
  for (const CheckpointManifest::File& file : manifest->files) FDL_TRY(verify_file(folder, file));
  return manifest;
}

}  // namespace fdl::format
