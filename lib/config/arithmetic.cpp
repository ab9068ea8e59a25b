#include "lib/config/arithmetic.h"

#include <cmath>

#include "lib/config/number.h"

namespace fdl::config {
namespace {

double as_double(const Number& n) {
  return std::visit([](auto v) { return static_cast<double>(v); }, n);
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  const std::int64_t q = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}

// Not a - floor_div(a, b) * b: that product may not fit.
std::int64_t floor_remainder(std::int64_t a, std::int64_t b) {
  const std::int64_t r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

std::optional<Number> apply_integers(const std::string& op, std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  bool overflow = false;
  if (op == "+") overflow = __builtin_add_overflow(a, b, &out);
  if (op == "-") overflow = __builtin_sub_overflow(a, b, &out);
  if (op == "*") overflow = __builtin_mul_overflow(a, b, &out);
  if (op == "/" || op == "//" || op == "%") {
    if (b == 0 || (a == INT64_MIN && b == -1)) return std::nullopt;
    if (op == "/" && a % b != 0) return Number(static_cast<double>(a) / static_cast<double>(b));
    out = op == "%" ? floor_remainder(a, b) : floor_div(a, b);
  }
  if (overflow) return std::nullopt;
  return Number(out);
}

}  // namespace

std::optional<Number> to_number(const Node& node) {
  if (!node.is_scalar() || node.quoted) return std::nullopt;
  if (const auto integer = parse_integer(node.text)) return Number(*integer);
  if (const auto number = parse_number(node.text)) return Number(*number);
  return std::nullopt;
}

std::string show(const Number& n) {
  if (const auto* integer = std::get_if<std::int64_t>(&n)) return std::to_string(*integer);
  return show_number(std::get<double>(n));
}

std::optional<Number> compute(const std::string& op, const Number& a, const Number& b) {
  if (std::holds_alternative<std::int64_t>(a) && std::holds_alternative<std::int64_t>(b))
    return apply_integers(op, std::get<std::int64_t>(a), std::get<std::int64_t>(b));
  const double x = as_double(a), y = as_double(b);
  if (op == "+") return Number(x + y);
  if (op == "-") return Number(x - y);
  if (op == "*") return Number(x * y);
  if (y == 0) return std::nullopt;
  if (op == "/") return Number(x / y);
  if (op == "//") return Number(std::floor(x / y));
  return Number(x - std::floor(x / y) * y);
}

}  // namespace fdl::config
