#include "lib/catalog/modules/leaky_relu.h"

#include <ATen/ops/leaky_relu.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor leaky_relu(const catalog::LeakyReluParams& p, const Tensors&, const at::Tensor& x,
                      StepContext&) {
  return at::leaky_relu(x, p.negative_slope);
}

}  // namespace

Forward forward_leaky_relu() { return forward_of(leaky_relu); }

}  // namespace fdl::nn
