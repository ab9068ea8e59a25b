#include "lib/catalog/modules/max_pool2d.h"

#include <ATen/ops/max_pool2d.h>

#include "lib/nn/declarations.h"
#include "lib/nn/max_pool.h"

namespace fdl::nn {
namespace {

at::Tensor max_pool2d(const catalog::MaxPool2dParams& p, const Tensors&, const at::Tensor& x,
                      StepContext&) {
  if (catalog::is_halving(p)) return max_pool_2x2(x);
  return at::max_pool2d(x, p.kernel_size, p.stride.value_or(p.kernel_size), p.padding, p.dilation,
                        p.ceil_mode);
}

}  // namespace

Forward forward_max_pool2d() { return forward_of(max_pool2d); }

}  // namespace fdl::nn
