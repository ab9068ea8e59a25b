#include "lib/catalog/modules/adaptive_max_pool3d.h"

#include <ATen/ops/adaptive_max_pool3d.h>

#include "lib/nn/pooling.h"

namespace fdl::nn {
namespace {

at::Tensor adaptive_max_pool3d(const catalog::AdaptiveMaxPool3dParams& p, const Tensors&,
                               const at::Tensor& x, StepContext&) {
  return std::get<0>(at::adaptive_max_pool3d(x, output_sizes(p, x)));
}

}  // namespace

Forward forward_adaptive_max_pool3d() { return forward_of(adaptive_max_pool3d); }

}  // namespace fdl::nn
