#include "lib/catalog/loss_fits.h"

#include <fmt/format.h>

namespace fdl::catalog {

std::string_view to_string(Values values) {
  constexpr std::string_view kNames[] = {
      "any numbers",      "probabilities", "logarithms of probabilities",
      "positive numbers", "class numbers", "class numbers, then -1",
      "0 or 1",           "1 or -1",       "lengths"};
  return kNames[static_cast<std::size_t>(values)];
}

std::optional<std::string> needs_floating(const TensorType& output) {
  if (is_floating(output.dtype)) return std::nullopt;
  return fmt::format("the output must be floating-point, not {}", to_string(output));
}

std::optional<std::string> needs_equal(const TensorType& output, const TensorType& target) {
  if (is_floating(output.dtype) && output == target) return std::nullopt;
  return "output and target must have one floating-point type: output " + to_string(output) +
         ", target " + to_string(target);
}

std::optional<std::string> needs_same_shape(const TensorType& output, std::string_view name,
                                            const TensorType& other) {
  if (auto why = needs_floating(output)) return why;
  if (output.shape == other.shape) return std::nullopt;
  return fmt::format("output and {} must have one shape: output {}, {} {}", name, to_string(output),
                     name, to_string(other));
}

std::optional<std::string> needs_rows(const TensorType& output) {
  if (is_floating(output.dtype) && output.shape.size() == 2) return std::nullopt;
  return "the output must be one row of floating-point numbers a sample, not " + to_string(output);
}

std::optional<std::string> needs_one_a_sample(std::string_view name, const TensorType& type) {
  if (type.shape.size() == 1) return std::nullopt;
  return fmt::format("{} must be one number a sample, not {}", name, to_string(type));
}

std::optional<std::string> needs_last_axis(std::string_view what, std::size_t count,
                                           const TensorType& output) {
  const Dim& last = output.shape.back();
  const Dim given(static_cast<std::int64_t>(count));
  if (count <= 1 || !last.is_number() || last == given) return std::nullopt;
  return fmt::format("'{}' has {} numbers for a last axis of {}", what, count, last.text());
}

std::optional<std::string> ctc_fits(std::int64_t blank, const TensorTypes& types) {
  if (!is_floating(types[0].dtype) || types[0].shape.size() != 3)
    return "the output must be floating-point [B, T, classes], not " + to_string(types[0]);
  if (!is_integer(types[1].dtype) || types[1].shape.size() != 2)
    return "the target must be class numbers [B, S], not " + to_string(types[1]);
  for (std::size_t i = 2; i < types.size(); ++i) {
    if (types[i].is_absent) continue;
    if (!is_integer(types[i].dtype) || types[i].shape.size() != 1)
      return "lengths must be one integer a sample, not " + to_string(types[i]);
  }
  const Dim& num_classes = types[0].shape[2];
  if (num_classes.is_number() && blank >= num_classes.number())
    return fmt::format("'blank' is {} where there are {} classes", blank, num_classes.number());
  return std::nullopt;
}

std::optional<std::string> first_of(std::initializer_list<std::optional<std::string>> conditions) {
  for (const auto& condition : conditions) {
    if (condition) return condition;
  }
  return std::nullopt;
}

}  // namespace fdl::catalog
