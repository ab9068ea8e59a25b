#pragma once

#include <optional>
#include <string>

#include "lib/catalog/tensor_type.h"

namespace fdl::catalog {

// Where an output's class axis is.
struct ClassAxis {
  std::optional<std::size_t> axis;
  std::string why_not;  // a sentence, when there is none
};

// The axis of `output` along which `target` (integer class numbers) chooses: the last one when the
// target has the output's shape without it, axis 1 likewise; `class_dim` decides where both fit.
ClassAxis find_class_axis(const Shape& output, const Shape& target,
                          std::optional<std::int64_t> class_dim);

// The same as a condition for a catalogue entry.
std::optional<std::string> needs_classes(const TensorType& output, const TensorType& target,
                                         std::optional<std::int64_t> class_dim);

}  // namespace fdl::catalog
