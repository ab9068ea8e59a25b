#include "lib/catalog/modules/max.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor max(const catalog::ReductionParams& p, const Tensors&, const at::Tensor& x,
               StepContext&) {
  return x.amax(catalog::axes_from_front(p.dim, x.sizes().size()), p.keepdim);
}

}  // namespace

Forward forward_max() { return forward_of(max); }

}  // namespace fdl::nn
