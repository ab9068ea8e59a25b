#include "lib/catalog/inputs.h"

#include <fmt/format.h>

namespace fdl::catalog {

std::string wrong_shape(const std::string& name, const std::string& expected,
                        const TensorType& type) {
  return fmt::format("input '{}' must be {}, not {}", name, expected, to_string(type.shape));
}

std::optional<std::string> misfit(const std::vector<ExpectedInput>& inputs) {
  for (const ExpectedInput& input : inputs) {
    if (input.type.is_absent) continue;
    if (input.dtype && input.type.dtype != *input.dtype)
      return fmt::format("input '{}' must be {}, not {}", input.name, to_string(*input.dtype),
                         to_string(input.type.dtype));
    if (!(input.type.shape == input.shape))
      return wrong_shape(input.name, to_string(input.shape), input.type);
  }
  return std::nullopt;
}

std::optional<std::string> wrong_rank(const TensorType& type, std::size_t num_axes,
                                      const std::string& expected) {
  if (type.shape.size() == num_axes) return std::nullopt;
  return fmt::format("it takes {} axes: {}", num_axes, expected);
}

}  // namespace fdl::catalog
