#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/format/safetensors.h"

// NumPy's .npy files: "\x93NUMPY", a version, the length of the header, the header as a Python
// dictionary, {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, then the elements.
// Source: numpy.lib.format, versions 1.0 to 3.0.

namespace fdl::format {

struct NpyHeader {
  SafetensorsDtype dtype = SafetensorsDtype::F32;  // the same element types
  std::vector<std::int64_t> shape;
  std::uint64_t data_offset = 0;

  std::uint64_t num_data_bytes() const;
};

inline constexpr std::size_t kMostNpyHeaderBytes = 1 << 16;

// Reads the header and holds the file's length to it. Refused by name: other element types,
// big-endian numbers, Fortran order.
// Errors: FDL5101 when there is no such file, FDL5102, FDL5001.
Result<NpyHeader> read_npy_header(const std::filesystem::path& path);

// The same for the first bytes of a file of `num_bytes`; `path` is for messages.
Result<NpyHeader> parse_npy_header(std::string_view start, std::uint64_t num_bytes,
                                   const std::filesystem::path& path);

// What stands before the elements of a file of version 1.0; they begin at a multiple of 64 bytes.
// BF16 has no name there and is not taken.
std::string npy_header(SafetensorsDtype dtype, const std::vector<std::int64_t>& shape);

}  // namespace fdl::format
