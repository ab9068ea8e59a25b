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

// Takes the parameter `name`, which is the size of an axis, from that axis where it is open (0).
// Empty when the two then agree, else why not.
inline std::optional<std::string> infer_size(const std::string& name, std::int64_t& value,
                                             const Dim& axis) {
  if (value == 0 && !axis.is_number())
    return "'" + name + "' cannot follow from the axis " + axis.text();
  if (value == 0) value = axis.number();
  if (axis == Dim(value)) return std::nullopt;
  return "'" + name + "' is " + std::to_string(value) + ", but that axis is " + axis.text();
}

// whole / by, where that is known to leave nothing over.
inline std::optional<Dim> exact_quotient(const Dim& whole, std::int64_t by) {
  const Dim out = floor_div(whole, by);
  return out * Dim(by) == whole ? std::optional(out) : std::nullopt;
}

}  // namespace fdl::catalog
