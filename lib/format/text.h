#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "lib/base/result.h"

// Plain text as data: UTF-8 or bytes, plain or in gzip, front to back in constant memory.

namespace fdl::format {

enum class TextUnit { Characters, Bytes };

// Gives the text's code points, or bytes, in order and in pieces; `use` may end the reading by an
// error. A UTF-8 byte order mark at the start is no character of the text.
// Errors: FDL5101 when there is no such file; FDL5102 with line and column where the bytes are not
// UTF-8; FDL5001.
Result<void> read_text(const std::filesystem::path& path, TextUnit unit,
                       const std::function<Result<void>(std::span<const char32_t>)>& use);

// A code point in UTF-8.
std::string to_utf8(char32_t character);

}  // namespace fdl::format
