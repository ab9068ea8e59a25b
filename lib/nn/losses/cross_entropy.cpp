#include "lib/catalog/losses/cross_entropy.h"

#include <algorithm>

#include <ATen/core/Reduction.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/ne.h>

#include "lib/base/check.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

// A pass over a small tensor costs less than the dispatch of an operator.
std::int64_t count_other_than(const at::Tensor& target, std::int64_t ignored) {
  if (!target.is_contiguous() || !target.device().is_cpu())
    return at::ne(target, ignored).sum().item<std::int64_t>();
  const auto* first = target.const_data_ptr<std::int64_t>();
  return target.numel() - std::count(first, first + target.numel(), ignored);
}

}  // namespace

// output [N, ..., C, ...] with classes on one axis, target the same without it, of integers.
Loss loss_cross_entropy(const catalog::Choice& choice, const catalog::TensorType& output,
                        const catalog::TensorType& target) {
  const auto p = choice.as<catalog::CrossEntropyParams>();
  const auto found = catalog::find_class_axis(output.shape, target.shape, p.class_dim);
  FDL_CHECK(found.axis.has_value());
  const auto axis = static_cast<std::int64_t>(*found.axis);
  return [p, axis](const at::Tensor& scores, const at::Tensor& classes) {
    const at::Tensor truth = classes.to(at::kLong);
    const auto mean_of = [&](const at::Tensor& x, const at::Tensor& t) {
      return at::cross_entropy_loss(x, t, {}, at::Reduction::Mean, p.ignore_index,
                                    p.label_smoothing);
    };
    const std::int64_t num_targets = count_other_than(truth, p.ignore_index);
    if (axis == 1) return LossValue{mean_of(scores, truth), num_targets};
    // libtorch wants the class axis second. A last one is already so once the others are joined.
    if (axis + 1 == scores.dim())
      return LossValue{mean_of(scores.flatten(0, -2), truth.flatten()), num_targets};
    return LossValue{mean_of(scores.movedim(axis, 1), truth), num_targets};
  };
}

}  // namespace fdl::nn
