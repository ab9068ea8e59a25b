#include "lib/catalog/class_axis.h"

#include <fmt/format.h>

namespace fdl::catalog {
namespace {

Shape without(const Shape& shape, std::size_t axis) {
  Shape out = shape;
  out.erase(out.begin() + static_cast<std::ptrdiff_t>(axis));
  return out;
}

std::optional<std::string> needs_one_for_each(std::string_view what, std::size_t count,
                                              const Dim& num_classes) {
  const Dim given(static_cast<std::int64_t>(count));
  if (count == 0 || !num_classes.is_number() || given == num_classes) return std::nullopt;
  return fmt::format("'{}' has {} numbers for {} classes", what, count, num_classes.text());
}

}  // namespace

ClassAxis find_class_axis(const Shape& output, const Shape& target,
                          std::optional<std::int64_t> class_dim) {
  const auto fits = [&](std::size_t axis) { return without(output, axis) == target; };
  const std::string shapes =
      fmt::format("output {}, target {}", to_string(output), to_string(target));
  if (output.size() < 2)
    return {std::nullopt, "the output needs a batch axis and a class axis: " + shapes};
  if (class_dim) {
    const auto rank = static_cast<std::int64_t>(output.size());
    const std::int64_t axis = *class_dim < 0 ? *class_dim + rank : *class_dim;
    if (axis < 0 || axis >= rank || !fits(static_cast<std::size_t>(axis)))
      return {std::nullopt,
              fmt::format("without axis {} the output does not have the target's shape: {}",
                          *class_dim, shapes)};
    return {static_cast<std::size_t>(axis), ""};
  }
  const std::size_t last = output.size() - 1;
  const bool at_last = fits(last), at_one = last != 1 && fits(1);
  if (at_last && at_one)
    return {std::nullopt,
            "classes may be axis 1 or the last one; say which with class_dim: " + shapes};
  if (at_last) return {last, ""};
  if (at_one) return {1, ""};
  return {std::nullopt,
          "the target must have the output's shape without the class axis: " + shapes};
}

ClassAxis find_shared_class_axis(const Shape& shape, std::optional<std::int64_t> class_dim) {
  const auto rank = static_cast<std::int64_t>(shape.size());
  const std::string text = to_string(shape);
  if (rank < 2) return {std::nullopt, "the output needs a batch axis and a class axis: " + text};
  if (!class_dim && rank > 2)
    return {std::nullopt, "classes may be any axis of " + text + "; say which with class_dim"};
  const std::int64_t given = class_dim.value_or(1), axis = given < 0 ? given + rank : given;
  if (axis < 1 || axis >= rank)
    return {std::nullopt,
            fmt::format("class_dim {} is no axis beside the batch of {}", given, text)};
  return {static_cast<std::size_t>(axis), ""};
}

ClassAxis find_either_class_axis(const TensorType& output, const TensorType& target,
                                 std::optional<std::int64_t> class_dim) {
  if (!is_integer(target.dtype) && output == target)
    return find_shared_class_axis(output.shape, class_dim);
  return find_class_axis(output.shape, target.shape, class_dim);
}

std::optional<std::string> needs_classes(const TensorType& output, const TensorType& target,
                                         std::optional<std::int64_t> class_dim) {
  if (!is_floating(output.dtype))
    return fmt::format("the output must be floating-point, not {}", to_string(output));
  if (!is_integer(target.dtype))
    return fmt::format("the target must hold class numbers (integers), not {}", to_string(target));
  const ClassAxis found = find_class_axis(output.shape, target.shape, class_dim);
  return found.axis ? std::nullopt : std::optional(found.why_not);
}

std::optional<std::string> needs_weighted_classes(const TensorType& output,
                                                  const TensorType& target,
                                                  std::optional<std::int64_t> class_dim,
                                                  std::string_view what, std::size_t count) {
  if (auto why = needs_classes(output, target, class_dim)) return why;
  const ClassAxis found = find_class_axis(output.shape, target.shape, class_dim);
  return needs_one_for_each(what, count, output.shape[*found.axis]);
}

std::optional<std::string> needs_classes_or_equal(const TensorType& output,
                                                  const TensorType& target,
                                                  std::optional<std::int64_t> class_dim,
                                                  std::string_view what, std::size_t count) {
  if (!is_floating(output.dtype) || output != target)
    return needs_weighted_classes(output, target, class_dim, what, count);
  const ClassAxis found = find_shared_class_axis(output.shape, class_dim);
  if (!found.axis) return found.why_not;
  return needs_one_for_each(what, count, output.shape[*found.axis]);
}

}  // namespace fdl::catalog
