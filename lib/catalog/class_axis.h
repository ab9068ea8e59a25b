#pragma once

#include <optional>
#include <string>
#include <string_view>

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

// The same where the target has the output's shape: `class_dim`, or axis 1 of [batch, classes].
ClassAxis find_shared_class_axis(const Shape& shape, std::optional<std::int64_t> class_dim);

// The class axis of a loss that takes class numbers, or values for each class in the output's type.
ClassAxis find_either_class_axis(const TensorType& output, const TensorType& target,
                                 std::optional<std::int64_t> class_dim);

// The same as conditions for a catalogue entry. `what` is a parameter that holds `count` numbers,
// none or one for each class.
std::optional<std::string> needs_classes(const TensorType& output, const TensorType& target,
                                         std::optional<std::int64_t> class_dim);
std::optional<std::string> needs_weighted_classes(const TensorType& output,
                                                  const TensorType& target,
                                                  std::optional<std::int64_t> class_dim,
                                                  std::string_view what, std::size_t count);
std::optional<std::string> needs_classes_or_equal(const TensorType& output,
                                                  const TensorType& target,
                                                  std::optional<std::int64_t> class_dim,
                                                  std::string_view what, std::size_t count);

}  // namespace fdl::catalog
