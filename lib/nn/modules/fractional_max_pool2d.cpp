#include "lib/catalog/modules/fractional_max_pool2d.h"

#include <ATen/ops/fractional_max_pool2d.h>

#include "lib/nn/fractional_pooling.h"

namespace fdl::nn {
namespace {

// Draws in evaluation too, as PyTorch does; the stream is then the same for every batch.
at::Tensor fractional_max_pool2d(const catalog::FractionalMaxPool2dParams& p, const Tensors&,
                                 const at::Tensor& x, StepContext& context) {
  return std::get<0>(at::fractional_max_pool2d(x, p.kernel_size, window_counts(p, x),
                                               window_places(x, 2, context)));
}

}  // namespace

Forward forward_fractional_max_pool2d() { return forward_of(fractional_max_pool2d); }

}  // namespace fdl::nn
