#include "lib/catalog/modules/adaptive_max_pool2d.h"

#include <ATen/ops/adaptive_max_pool2d.h>

#include "lib/nn/pooling.h"

namespace fdl::nn {
namespace {

at::Tensor adaptive_max_pool2d(const catalog::AdaptiveMaxPool2dParams& p, const Tensors&,
                               const at::Tensor& x, StepContext&) {
  return std::get<0>(at::adaptive_max_pool2d(x, output_sizes(p, x)));
}

}  // namespace

Forward forward_adaptive_max_pool2d() { return forward_of(adaptive_max_pool2d); }

}  // namespace fdl::nn
