#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "lib/base/span.h"

namespace fdl::format {

// A place in a text file that is not in memory, so that a message can show it: line and column
// from 1, the column in bytes, and the text of that line.
struct Place {
  std::uint64_t line = 1;
  std::uint64_t column = 1;
};
Span place_in(const std::filesystem::path& path, const Place& place, std::string_view line_text,
              std::size_t length = 1);

}  // namespace fdl::format
