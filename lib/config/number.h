#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fdl::config {

// Reads of the YAML 1.2 core schema; empty when the text is something else.
std::optional<bool> parse_bool(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view text);  // decimal, 0x and 0o
std::optional<double> parse_number(std::string_view text);         // also .inf, -.inf, .nan

// The shortest text that reads back as the same number; integers stay without a point.
std::string show_number(double value);

}  // namespace fdl::config
