#include "lib/catalog/modules/rms_norm.h"

#include <ATen/ops/rms_norm.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor rms_norm(const catalog::RmsNormParams& p, const Tensors& own, const at::Tensor& x,
                    StepContext&) {
  return at::rms_norm(x, p.normalized_shape, own["weight"], p.eps);
}

}  // namespace

Forward forward_rms_norm() { return forward_of(rms_norm); }

}  // namespace fdl::nn
