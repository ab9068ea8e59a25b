#include "lib/nn/drop.h"

#include <cmath>

#include <ATen/ops/empty.h>

namespace fdl::nn {

at::Tensor drop_mask(const at::Tensor& x, DropScope scope, double p, const StepContext& context) {
  std::vector<std::int64_t> shape = x.sizes().vec();
  const std::size_t num_own = scope == DropScope::Sample ? 1 : 2;
  for (std::size_t i = num_own; scope != DropScope::Value && i < shape.size(); ++i) shape[i] = 1;
  const at::Tensor mask = at::empty(shape, at::TensorOptions(at::kFloat).device(x.device()));
  tensor::fill_dropout_mask(mask, context.step_key(tensor::Purpose::Dropout), p, context.lanes());
  return mask.to(x.options());
}

// y = a (x m + alpha (1 - m)) + b, where m is 0 or 1 and a, b keep mean 0 and variance 1: equations
// of Klambauer et al. 2017, where alpha is the negative product of SELU's two constants.
at::Tensor alpha_drop(const catalog::DropParams& p, DropScope scope, const at::Tensor& x,
                      const StepContext& context) {
  constexpr double kLost = -1.7580993408473766;
  const double a = 1 / std::sqrt((1 - p.p) * (1 + p.p * kLost * kLost)), b = -a * kLost * p.p;
  const at::Tensor kept = drop_mask(x, scope, p.p, context).mul(1 - p.p);
  return x.mul(kept.mul(a)).add(kept.neg().add(1).mul(a * kLost).add(b));
}

}  // namespace fdl::nn
