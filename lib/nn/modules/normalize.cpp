#include "lib/catalog/modules/normalize.h"

#include <ATen/ops/linalg_vector_norm.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor normalize(const catalog::modules::NormalizeParams& p, const Tensors&,
                     const at::Tensor& x, StepContext&) {
  const at::Tensor norm = at::linalg_vector_norm(x, p.p, {p.dim}, /*keepdim=*/true);
  return x.div(norm.clamp_min(p.eps));
}

}  // namespace

Forward forward_normalize() { return forward_of(normalize); }

}  // namespace fdl::nn
