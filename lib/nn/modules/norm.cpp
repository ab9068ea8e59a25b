#include "lib/catalog/modules/norm.h"

#include <ATen/ops/linalg_vector_norm.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor norm(const catalog::NormParams& p, const Tensors&, const at::Tensor& x, StepContext&) {
  return at::linalg_vector_norm(x, p.p, catalog::axes_from_front(p.dim, x.sizes().size()),
                                p.keepdim);
}

}  // namespace

Forward forward_norm() { return forward_of(norm); }

}  // namespace fdl::nn
