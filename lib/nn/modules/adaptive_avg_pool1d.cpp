#include "lib/catalog/modules/adaptive_avg_pool1d.h"

#include <ATen/ops/adaptive_avg_pool1d.h>

#include "lib/nn/pooling.h"

namespace fdl::nn {
namespace {

at::Tensor adaptive_avg_pool1d(const catalog::AdaptiveAvgPool1dParams& p, const Tensors&,
                               const at::Tensor& x, StepContext&) {
  return at::adaptive_avg_pool1d(x, output_sizes(p, x));
}

}  // namespace

Forward forward_adaptive_avg_pool1d() { return forward_of(adaptive_avg_pool1d); }

}  // namespace fdl::nn
