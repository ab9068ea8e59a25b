#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "lib/config/tree.h"

namespace fdl::config {

using Number = std::variant<std::int64_t, double>;

// The number that a plain scalar is; empty for everything else.
std::optional<Number> to_number(const Node& node);
std::string show(const Number& n);

// a op b with + - * / // %. Integers stay exact: / gives one when it divides, // and % round
// towards minus infinity. Empty when the divisor is 0 or the result does not fit 64 bits.
std::optional<Number> compute(const std::string& op, const Number& a, const Number& b);

}  // namespace fdl::config
