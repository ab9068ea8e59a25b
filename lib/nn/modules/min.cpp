#include "lib/catalog/modules/min.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor min(const catalog::ReductionParams& p, const Tensors&, const at::Tensor& x,
               StepContext&) {
  return x.amin(catalog::axes_from_front(p.dim, x.sizes().size()), p.keepdim);
}

}  // namespace

Forward forward_min() { return forward_of(min); }

}  // namespace fdl::nn
