#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "lib/base/result.h"

namespace fdl::data {

// A picture's pixels, row by row, the channels of a pixel side by side.
struct PictureFile {
  std::int64_t width = 0, height = 0, channels = 0;
  std::vector<std::uint8_t> pixels;
};

// Decodes a JPEG or PNG file to 3 channels (red, green, blue) or 1 (grey). Transparent PNG pixels
// lie on black.
// Errors: those of format::read_image_header; FDL5102 with the decoder's words.
Result<PictureFile> read_picture(const std::filesystem::path& path, std::int64_t channels);

// Writes a picture of 1 or 3 channels as a PNG file, whole or not at all. Errors: FDL5002.
Result<void> write_png(const std::filesystem::path& path, const PictureFile& picture);

}  // namespace fdl::data
