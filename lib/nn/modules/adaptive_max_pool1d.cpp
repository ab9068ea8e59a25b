#include "lib/catalog/modules/adaptive_max_pool1d.h"

#include <ATen/ops/adaptive_max_pool1d.h>

#include "lib/nn/pooling.h"

namespace fdl::nn {
namespace {

at::Tensor adaptive_max_pool1d(const catalog::AdaptiveMaxPool1dParams& p, const Tensors&,
                               const at::Tensor& x, StepContext&) {
  return std::get<0>(at::adaptive_max_pool1d(x, output_sizes(p, x)));
}

}  // namespace

Forward forward_adaptive_max_pool1d() { return forward_of(adaptive_max_pool1d); }

}  // namespace fdl::nn
