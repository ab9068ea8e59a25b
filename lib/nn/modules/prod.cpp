#include "lib/catalog/modules/prod.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor prod(const catalog::ReductionParams& p, const Tensors&, const at::Tensor& x,
                StepContext&) {
  std::vector<std::int64_t> axes = catalog::axes_from_front(p.dim, x.sizes().size());
  at::Tensor out = x;
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) out = out.prod(*axis, p.keepdim);
  return out;
}

}  // namespace

Forward forward_prod() { return forward_of(prod); }

}  // namespace fdl::nn
