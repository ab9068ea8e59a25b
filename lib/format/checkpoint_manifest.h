#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "lib/base/result.h"

// `manifest.json` is the last file of a checkpoint folder to be written. It names the other files
// with size and SHA-256, so a folder without it, or with other bytes, is no checkpoint.

namespace fdl::format {

inline constexpr int kCheckpointFormatVersion = 1;

struct CheckpointManifest {
  struct File {
    std::string name;  // plain: no slash, not "." or "..", not manifest.json itself
    std::uint64_t num_bytes = 0;
    std::string sha256;  // 64 lower-case hexadecimal digits
  };
  int format_version = kCheckpointFormatVersion;
  std::string graph_hash;
  std::vector<File> files;  // at least one, names differ
};

// Hashes the files that stand in `folder`, already whole and on the disk, and writes manifest.json
// atomically. Errors: FDL5001 (a file is not there), FDL5002 (also for a name that is not plain).
Result<CheckpointManifest> write_checkpoint_manifest(const std::filesystem::path& folder,
                                                     const std::string& graph_hash,
                                                     std::span<const std::string> file_names);

// Reads manifest.json alone. Errors: FDL5201 (missing, damaged, of a newer format), FDL5001.
Result<CheckpointManifest> read_checkpoint_manifest(const std::filesystem::path& folder);

// Reads manifest.json and holds every file to it; reads all their bytes.
// Errors: FDL5201 naming the file and both values, FDL5001.
Result<CheckpointManifest> verify_checkpoint(const std::filesystem::path& folder);

}  // namespace fdl::format
