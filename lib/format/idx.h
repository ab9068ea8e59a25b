#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "lib/base/result.h"

// The idx format of MNIST and its kin: two zero bytes, a type byte, the number of dimensions, each
// dimension as a big-endian u32, then the elements. Plain or in gzip, told apart by content.

namespace fdl::format {

inline constexpr std::uint64_t kMostIdxBytes = std::uint64_t{16} << 30U;
inline constexpr std::size_t kMostIdxDims = 8;

// What stands before the elements. The element type is always u8; others are refused by name.
struct IdxHeader {
  std::vector<std::int64_t> dims;  // 1 to kMostIdxDims of them, each 0 to 2^32 - 1
  bool is_gzip = false;

  // Offset of the first element in the uncompressed stream.
  std::uint64_t data_offset() const { return 4 + 4 * dims.size(); }
  // Product of `dims`; at most kMostIdxBytes in a header that was read from a file.
  std::uint64_t num_data_bytes() const;
};

struct IdxFile {
  IdxHeader header;
  std::vector<std::uint8_t> data;  // header.num_data_bytes() of them, the last dimension fastest
};

// Reads the first bytes only; of a plain file it also compares the length with the header.
// Errors: FDL5101 when there is no such file; FDL5102 with the offset in the uncompressed stream,
// what was expected and what is there; FDL5001.
Result<IdxHeader> read_idx_header(const std::filesystem::path& path);

// Reads it whole, to the end of the stream, so that a gzip's CRC is checked too. Memory grows with
// the bytes that arrive, not with what the header claims. Errors: those of read_idx_header.
Result<IdxFile> read_idx(const std::filesystem::path& path);

// Holds `file`, which came from `path`, to labels: one dimension, each below `num_classes`.
// Errors: FDL5102 naming the first label out of range, its index and offset.
Result<void> check_labels(const IdxFile& file, const std::filesystem::path& path,
                          std::int64_t num_classes);

}  // namespace fdl::format
