#include "lib/catalog/modules/celu.h"

#include <ATen/ops/celu.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor celu(const catalog::CeluParams& p, const Tensors&, const at::Tensor& x, StepContext&) {
  return at::celu(x, p.alpha);
}

}  // namespace

Forward forward_celu() { return forward_of(celu); }

}  // namespace fdl::nn
