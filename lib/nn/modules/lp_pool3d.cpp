#include "lib/catalog/modules/lp_pool3d.h"

#include <ATen/ops/avg_pool3d.h>

#include "lib/nn/pooling.h"

namespace fdl::nn {
namespace {

at::Tensor lp_pool3d(const catalog::LpPool3dParams& p, const Tensors&, const at::Tensor& x,
                     StepContext&) {
  return lp_pool(p, x, [&](const at::Tensor& powers) {
    return at::avg_pool3d(powers, p.kernel_size, p.stride.value_or(p.kernel_size),
                          catalog::Tuple<3>{}, p.ceil_mode);
  });
}

}  // namespace

Forward forward_lp_pool3d() { return forward_of(lp_pool3d); }

}  // namespace fdl::nn
