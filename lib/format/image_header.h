#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "lib/base/result.h"

// What JPEG and PNG files say of their size, without decoding them.
// Source: ITU-T T.81 annex B (markers), PNG specification section 11.2.2 (IHDR).

namespace fdl::format {

struct ImageHeader {
  enum class Kind { Jpeg, Png };
  Kind kind = Kind::Jpeg;
  std::int64_t width = 0, height = 0;
};

inline constexpr std::int64_t kMostImagePixels = std::int64_t{1} << 28;

// Reads the start of a file. Errors: FDL5101 when there is no such file; FDL5102 for other formats,
// damaged headers, and pictures without pixels or with more than kMostImagePixels; FDL5001.
Result<ImageHeader> read_image_header(const std::filesystem::path& path);

// The same for the first bytes of a file.
Result<ImageHeader> parse_image_header(std::string_view start, const std::filesystem::path& path);

}  // namespace fdl::format
