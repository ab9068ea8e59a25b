#include "lib/catalog/modules/gelu.h"

#include <ATen/ops/gelu.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor gelu(const catalog::GeluParams& p, const Tensors&, const at::Tensor& x, StepContext&) {
  return at::gelu(x, p.approximate);
}

}  // namespace

Forward forward_gelu() { return forward_of(gelu); }

}  // namespace fdl::nn
