#include "lib/config/number.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace fdl::config {
namespace {

template <typename T>
std::optional<T> parse_whole(std::string_view text, int base) {
  T value{};
  // from_chars takes a minus sign, which only decimal numbers have.
  if (base != 10 && text.starts_with("-")) return std::nullopt;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (code != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (text.starts_with("0x")) return parse_whole<std::int64_t>(text.substr(2), 16);
  if (text.starts_with("0o")) return parse_whole<std::int64_t>(text.substr(2), 8);
  if (text.starts_with("+")) {
    text.remove_prefix(1);
    if (text.starts_with("-")) return std::nullopt;
  }
  return parse_whole<std::int64_t>(text, 10);
}

std::optional<double> parse_number(std::string_view text) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (const auto integer = parse_integer(text)) return static_cast<double>(*integer);
  if (text == ".nan" || text == ".NaN" || text == ".NAN")
    return std::numeric_limits<double>::quiet_NaN();
  std::string_view digits = text;
  if (digits.starts_with("+") || digits.starts_with("-")) digits.remove_prefix(1);
  if (digits == ".inf" || digits == ".Inf" || digits == ".INF")
    return text.starts_with("-") ? -kInfinity : kInfinity;
  // from_chars alone would also take "inf", "nan", hexadecimal digits and a second sign.
  if (digits.empty() || digits.find_first_not_of("0123456789.eE+-") != std::string_view::npos ||
      digits.starts_with("+") || digits.starts_with("-"))
    return std::nullopt;
  if (text.starts_with("+")) text.remove_prefix(1);
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string show_number(double value) {
  if (std::isnan(value)) return ".nan";
  if (std::isinf(value)) return value > 0 ? ".inf" : "-.inf";
  constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
  if (value == std::floor(value) && std::abs(value) < kExactIntegers && std::abs(value) < 1e15)
    return fmt::format("{}", static_cast<std::int64_t>(value));
  return fmt::format("{}", value);
}

}  // namespace fdl::config
