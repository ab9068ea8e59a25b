#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/files.h"
#include "lib/base/result.h"

// The safetensors format: a little-endian u64 with the length of the header, the header as JSON,
// {name: {"dtype", "shape", "data_offsets"}, "__metadata__": {string: string}}, then the data,
// every byte of which belongs to exactly one tensor. No code, no compression.

namespace fdl::format {

enum class SafetensorsDtype { Bool, U8, I8, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64 };

// "F32", as the format spells it.
std::string_view to_string(SafetensorsDtype dtype);
std::uint64_t element_bytes(SafetensorsDtype dtype);

inline constexpr std::uint64_t kMostHeaderBytes = 100'000'000;     // the limit of other readers too
inline constexpr std::string_view kMetadataName = "__metadata__";  // no tensor can have it
inline constexpr std::size_t kMostTensorDims = 64;
inline constexpr std::size_t kHeaderAlignment = 64;  // of the data in files that we write

struct SafetensorsEntry {
  std::string name;
  SafetensorsDtype dtype = SafetensorsDtype::F32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  // offsets from the start of the data, not of the file
  std::uint64_t end = 0;
  std::uint64_t num_bytes() const { return end - begin; }
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in the order of the header
  std::map<std::string, std::string> metadata;
  std::uint64_t data_offset = 0;  // where the data starts in the file

  // Null when there is no such tensor. Linear in the number of entries.
  const SafetensorsEntry* find(std::string_view name) const;
};

// What is promised of every header that is returned: names differ; begin <= end <= length of the
// data; shape times element size is end - begin and fits int64 even with its zeros left out; the
// entries cover the data without overlap or hole. Nothing is allocated that the file's own length
// does not pay for.
// Errors: FDL5201 naming file and entry; FDL5001 when the file is missing or cannot be read.
Result<SafetensorsHeader> read_safetensors_header(const std::filesystem::path& path);

// The same for the JSON text alone, followed by `num_data_bytes` of data. `path` is for messages;
// data_offset is 8 + text.size().
Result<SafetensorsHeader> parse_safetensors_header(std::string_view text,
                                                   std::uint64_t num_data_bytes,
                                                   const std::filesystem::path& path);

// Reads the bytes of one entry of `header`, which came from `path`, into `out`.
// Errors: FDL5202 when `out` is not num_bytes() long; FDL5201 when the file has become too short;
// FDL5001.
Result<void> read_safetensors_data(const std::filesystem::path& path,
                                   const SafetensorsHeader& header, const SafetensorsEntry& entry,
                                   std::span<std::byte> out);

// A tensor to write: contiguous, little-endian, owned by the caller.
struct TensorBytes {
  std::string_view name;
  SafetensorsDtype dtype = SafetensorsDtype::F32;
  std::vector<std::int64_t> shape;
  const void* data = nullptr;
  std::uint64_t num_bytes = 0;
};

// Writes the tensors in the given order, atomically (write_atomic). The bytes of the file depend
// on nothing but the arguments; the data begins at a multiple of kHeaderAlignment.
// Errors: FDL5002, also for what could not be read back: two tensors of one name, a name that is
// not UTF-8, a shape that does not fit num_bytes.
Result<void> write_safetensors(const std::filesystem::path& path,
                               std::span<const TensorBytes> tensors,
                               const std::map<std::string, std::string>& metadata = {});

// The same for tensors that are too large to hold: their `data` is null, and `produce` writes the
// num_bytes of the tensor of that index.
using TensorProducer = std::function<Result<void>(std::size_t index, FileWriter& out)>;
Result<void> write_safetensors(const std::filesystem::path& path,
                               std::span<const TensorBytes> tensors,
                               const std::map<std::string, std::string>& metadata,
                               const TensorProducer& produce);

}  // namespace fdl::format
