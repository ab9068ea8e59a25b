#include "lib/catalog/modules/mean.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor mean(const catalog::ReductionParams& p, const Tensors&, const at::Tensor& x,
                StepContext&) {
  return x.mean(catalog::axes_from_front(p.dim, x.sizes().size()), p.keepdim);
}

}  // namespace

Forward forward_mean() { return forward_of(mean); }

}  // namespace fdl::nn
