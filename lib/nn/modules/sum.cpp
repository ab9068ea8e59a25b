#include "lib/catalog/modules/sum.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor sum(const catalog::ReductionParams& p, const Tensors&, const at::Tensor& x,
               StepContext&) {
  return x.sum(catalog::axes_from_front(p.dim, x.sizes().size()), p.keepdim);
}

}  // namespace

Forward forward_sum() { return forward_of(sum); }

}  // namespace fdl::nn
