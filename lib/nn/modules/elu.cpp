#include "lib/catalog/modules/elu.h"

#include <ATen/ops/elu.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor elu(const catalog::EluParams& p, const Tensors&, const at::Tensor& x, StepContext&) {
  return at::elu(x, p.alpha);
}

}  // namespace

Forward forward_elu() { return forward_of(elu); }

}  // namespace fdl::nn
