#include "lib/catalog/modules/pow.h"

#include <ATen/ops/pow.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor pow(const catalog::PowParams& p, const Tensors&, const at::Tensor& x, StepContext&) {
  return at::pow(x, p.exponent);
}

}  // namespace

Forward forward_pow() { return forward_of(pow); }

}  // namespace fdl::nn
