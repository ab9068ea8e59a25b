#include "lib/catalog/modules/rms_norm.h"

#include <ATen/ops/rms_norm.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor rms_norm(const catalog::RmsNormParams& p, const Tensors& own, const at::Tensor& x,
                    StepContext&) {
  const at::Tensor& weight = own["weight"];
  // Unlike its kin, this one does not take an undefined tensor for none.
  const auto given = weight.defined() ? std::optional(weight) : std::nullopt;
  return at::rms_norm(x, p.normalized_shape, given, p.eps);
}

}  // namespace

Forward forward_rms_norm() { return forward_of(rms_norm); }

}  // namespace fdl::nn
