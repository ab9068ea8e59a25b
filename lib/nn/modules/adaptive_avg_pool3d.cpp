#include "lib/catalog/modules/adaptive_avg_pool3d.h"

#include <ATen/ops/adaptive_avg_pool3d.h>

#include "lib/nn/pooling.h"

namespace fdl::nn {
namespace {

at::Tensor adaptive_avg_pool3d(const catalog::AdaptiveAvgPool3dParams& p, const Tensors&,
                               const at::Tensor& x, StepContext&) {
  return at::adaptive_avg_pool3d(x, output_sizes(p, x));
}

}  // namespace

Forward forward_adaptive_avg_pool3d() { return forward_of(adaptive_avg_pool3d); }

}  // namespace fdl::nn
