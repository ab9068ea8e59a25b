#include "lib/catalog/modules/var.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor var(const catalog::SpreadParams& p, const Tensors&, const at::Tensor& x, StepContext&) {
  return x.var(catalog::axes_from_front(p.dim, x.sizes().size()), p.correction, p.keepdim);
}

}  // namespace

Forward forward_var() { return forward_of(var); }

}  // namespace fdl::nn
