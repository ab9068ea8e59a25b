#include "lib/catalog/modules/layer_norm.h"

#include <ATen/ops/layer_norm.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor layer_norm(const catalog::LayerNormParams& p, const Tensors& own, const at::Tensor& x,
                      StepContext&) {
  return at::layer_norm(x, p.normalized_shape, own["weight"], own["bias"], p.eps);
}

}  // namespace

Forward forward_layer_norm() { return forward_of(layer_norm); }

}  // namespace fdl::nn
