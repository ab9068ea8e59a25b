#include "lib/catalog/modules/lp_pool2d.h"

#include <ATen/ops/avg_pool2d.h>

#include "lib/nn/pooling.h"

namespace fdl::nn {
namespace {

at::Tensor lp_pool2d(const catalog::LpPool2dParams& p, const Tensors&, const at::Tensor& x,
                     StepContext&) {
  return lp_pool(p, x, [&](const at::Tensor& powers) {
    return at::avg_pool2d(powers, p.kernel_size, p.stride.value_or(p.kernel_size),
                          catalog::Tuple<2>{}, p.ceil_mode);
  });
}

}  // namespace

Forward forward_lp_pool2d() { return forward_of(lp_pool2d); }

}  // namespace fdl::nn
