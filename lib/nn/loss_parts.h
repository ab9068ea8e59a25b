#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Reduction.h>
#include <ATen/core/Tensor.h>

#include "lib/nn/loss.h"

// What several losses share.
namespace fdl::nn {

// at::Reduction::Mean or Sum.
std::int64_t reduction_of(std::string_view name);

// `value`, a mean over targets of that number or weight; a sum counts as one.
LossValue over(const at::Tensor& value, std::int64_t num_targets, std::int64_t reduction);
LossValue over(const at::Tensor& value, double weight, std::int64_t reduction);
LossValue over(const at::Tensor& value, TargetWeight weight, std::int64_t reduction);

// Mean or sum of one value for each target.
LossValue reduced(const at::Tensor& values, std::int64_t reduction);

// A parameter's numbers with the dtype and device of `like`; undefined when there are none.
at::Tensor numbers_like(const std::vector<double>& numbers, const at::Tensor& like);

// How many of the elements are not `ignored`.
TargetWeight count_other_than(const at::Tensor& target, std::int64_t ignored);
// The weights of their classes together; without any, their number.
TargetWeight weight_other_than(const at::Tensor& target, std::int64_t ignored,
                               const std::vector<double>& class_weights);

// A loss that compares element by element: `compute(output, target, reduction)` gives a scalar.
template <typename F>
Loss elementwise(const std::string& reduction, F compute) {
  return [mode = reduction_of(reduction), compute](const Compared& t) {
    return over(compute(t[0], t[1].to(t[0].scalar_type()), mode), t[0].numel(), mode);
  };
}

// Scores and class numbers with the classes second, as libtorch wants them; a last class axis is
// second once the others are joined.
struct ClassScores {
  at::Tensor scores;  // [N, C, ...]
  at::Tensor truth;   // i64[N, ...]
};
ClassScores classes_second(const at::Tensor& scores, const at::Tensor& classes, std::int64_t axis);
// As [N, C] and [N].
ClassScores class_rows(const at::Tensor& scores, const at::Tensor& classes, std::int64_t axis);

// The class axis that the types decide. They have been found to fit.
std::int64_t class_axis_of(const catalog::TensorTypes& types,
                           std::optional<std::int64_t> class_dim);

}  // namespace fdl::nn
