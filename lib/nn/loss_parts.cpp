#include "lib/nn/loss_parts.h"

#include <algorithm>

#include <ATen/ops/ne.h>
#include <ATen/ops/tensor.h>

#include "lib/base/check.h"
#include "lib/catalog/class_axis.h"

namespace fdl::nn {

std::int64_t reduction_of(std::string_view name) {
  return name == "mean" ? at::Reduction::Mean : at::Reduction::Sum;
}

LossValue over(const at::Tensor& value, std::int64_t num_targets, std::int64_t reduction) {
  return over(value, static_cast<double>(num_targets), reduction);
}

LossValue over(const at::Tensor& value, double weight, std::int64_t reduction) {
  return over(value, TargetWeight(weight), reduction);
}

LossValue over(const at::Tensor& value, TargetWeight weight, std::int64_t reduction) {
  const bool is_sum = reduction == at::Reduction::Sum;
  return {value, is_sum ? TargetWeight(1) : std::move(weight), is_sum};
}

LossValue reduced(const at::Tensor& values, std::int64_t reduction) {
  return over(reduction == at::Reduction::Mean ? values.mean() : values.sum(), values.numel(),
              reduction);
}

at::Tensor numbers_like(const std::vector<double>& numbers, const at::Tensor& like) {
  return numbers.empty() ? at::Tensor() : at::tensor(numbers, like.options().requires_grad(false));
}

// A pass over a small tensor costs less than the dispatch of an operator.
TargetWeight count_other_than(const at::Tensor& target, std::int64_t ignored) {
  if (target.scalar_type() != at::kLong || !target.is_contiguous() || !target.device().is_cpu())
    return TargetWeight(at::ne(target, ignored).sum());
  const auto* first = target.const_data_ptr<std::int64_t>();
  return static_cast<double>(target.numel() - std::count(first, first + target.numel(), ignored));
}

TargetWeight weight_other_than(const at::Tensor& target, std::int64_t ignored,
                               const std::vector<double>& class_weights) {
  if (class_weights.empty()) return count_other_than(target, ignored);
  const at::Tensor of_classes = at::tensor(class_weights, target.options().dtype(at::kDouble));
  const at::Tensor counted = target.masked_select(at::ne(target, ignored));
  return TargetWeight(of_classes.index_select(0, counted).sum());
}

ClassScores classes_second(const at::Tensor& scores, const at::Tensor& classes, std::int64_t axis) {
  const at::Tensor truth = classes.to(at::kLong);
  if (axis == 1) return {scores, truth};
  if (axis + 1 == scores.dim()) return {scores.flatten(0, -2), truth.flatten()};
  return {scores.movedim(axis, 1), truth};
}

ClassScores class_rows(const at::Tensor& scores, const at::Tensor& classes, std::int64_t axis) {
  return {scores.movedim(axis, -1).flatten(0, -2), classes.to(at::kLong).flatten()};
}

std::int64_t class_axis_of(const catalog::TensorTypes& types,
                           std::optional<std::int64_t> class_dim) {
  const auto found = catalog::find_either_class_axis(types[0], types[1], class_dim);
  FDL_CHECK(found.axis.has_value());
  return static_cast<std::int64_t>(*found.axis);
}

}  // namespace fdl::nn
