#pragma once

#include <optional>
#include <string>

#include "lib/catalog/module_spec.h"

// Axes named by number, as PyTorch counts them: 0 is the batch, negative ones count from the end.
namespace fdl::catalog {

// The axis as an index into the shape; empty when there is none of that number.
inline std::optional<std::ptrdiff_t> axis_index(std::int64_t dim, const Shape& shape) {
  const auto count = static_cast<std::int64_t>(shape.size());
  if (dim < -count || dim >= count) return std::nullopt;
  return static_cast<std::ptrdiff_t>(dim < 0 ? dim + count : dim);
}

inline std::string no_such_axis(std::int64_t dim, const Shape& shape) {
  return "there is no axis " + std::to_string(dim) + " in " + to_string(shape);
}

}  // namespace fdl::catalog
