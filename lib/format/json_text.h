#pragma once

#include <optional>
#include <string>
#include <string_view>

// Small pieces of JSON that the writers of this folder share.

namespace fdl::format {

// `text` as a JSON string with its quotes; none when it is not UTF-8.
std::optional<std::string> json_string(std::string_view text);

// `text` for a message: what is longer than a line is cut in the middle.
std::string shortened(std::string_view text);

// Whether `name` is a file's name in a folder: no slash, no NUL, UTF-8, not "." or "..".
bool is_plain_file_name(const std::string& name);

}  // namespace fdl::format
