#include "lib/catalog/modules/std.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor std(const catalog::SpreadParams& p, const Tensors&, const at::Tensor& x, StepContext&) {
  return x.std(catalog::axes_from_front(p.dim, x.sizes().size()), p.correction, p.keepdim);
}

}  // namespace

Forward forward_std() { return forward_of(std); }

}  // namespace fdl::nn
