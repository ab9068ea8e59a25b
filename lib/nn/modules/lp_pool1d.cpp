#include "lib/catalog/modules/lp_pool1d.h"

#include <ATen/ops/avg_pool1d.h>

#include "lib/nn/pooling.h"

namespace fdl::nn {
namespace {

at::Tensor lp_pool1d(const catalog::LpPool1dParams& p, const Tensors&, const at::Tensor& x,
                     StepContext&) {
  return lp_pool(p, x, [&](const at::Tensor& powers) {
    return at::avg_pool1d(powers, p.kernel_size, p.stride.value_or(p.kernel_size),
                          catalog::Tuple<1>{}, p.ceil_mode);
  });
}

}  // namespace

Forward forward_lp_pool1d() { return forward_of(lp_pool1d); }

}  // namespace fdl::nn
