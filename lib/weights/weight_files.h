#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/format/input_file.h"
#include "lib/format/safetensors.h"

// A model's tensors where they lie: in one safetensors file, in the shards of a Hugging Face
// folder, or in a checkpoint of a run. Headers are read at once, numbers when they are asked for.
namespace fdl::weights {

struct StoredTensor {
  std::string name;
  format::SafetensorsDtype dtype = format::SafetensorsDtype::F32;
  std::vector<std::int64_t> shape;
  std::size_t file = 0;      // index into WeightFiles::files
  std::uint64_t offset = 0;  // of its first byte in that file
  std::uint64_t num_bytes = 0;

  std::uint64_t num_elements() const { return num_bytes / format::element_bytes(dtype); }
  std::string type_text() const;  // "F32[3, 4]"
};

struct WeightFiles {
  std::vector<format::InputFile> files;
  std::vector<StoredTensor> tensors;            // names differ; in the order of the files
  std::filesystem::path checkpoint;             // the folder, when it is a checkpoint's; else empty
  std::map<std::string, std::string> metadata;  // of the first file

  // Null when there is no such tensor. Linear in the number of tensors.
  const StoredTensor* find(std::string_view name) const;
  // Fills `out` with the bytes of `tensor` from its byte `from` on. Errors: FDL5001, FDL5201.
  Result<void> read(const StoredTensor& tensor, std::uint64_t from, std::span<std::byte> out) const;
};

// The largest piece of a tensor that is worth reading at once.
inline constexpr std::uint64_t kPieceBytes = std::uint64_t{4} << 20;

// `path` is a safetensors file; a folder with model.safetensors or model.safetensors.index.json; a
// checkpoint's folder; or a run's folder, whose best checkpoint counts, else its last, or with
// "@500", "@best" or "@last" behind the path the one that is named. Of a checkpoint, the sizes of
// the files are checked, not their hashes.
// Errors: FDL5211 (nothing there), FDL5201 (damaged), FDL5001.
Result<WeightFiles> open_weights(const std::filesystem::path& path);

// The checkpoint folder that `path`, as above, means; empty when it is a file or no checkpoint.
// Errors: FDL5211.
Result<std::filesystem::path> find_checkpoint(const std::filesystem::path& path);

}  // namespace fdl::weights
