#include "lib/catalog/modules/adaptive_avg_pool2d.h"

#include <ATen/ops/adaptive_avg_pool2d.h>

#include "lib/nn/pooling.h"

namespace fdl::nn {
namespace {

at::Tensor adaptive_avg_pool2d(const catalog::AdaptiveAvgPool2dParams& p, const Tensors&,
                               const at::Tensor& x, StepContext&) {
  return at::adaptive_avg_pool2d(x, output_sizes(p, x));
}

}  // namespace

Forward forward_adaptive_avg_pool2d() { return forward_of(adaptive_avg_pool2d); }

}  // namespace fdl::nn
