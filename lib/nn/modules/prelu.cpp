#include "lib/catalog/modules/prelu.h"

#include <ATen/ops/prelu.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor prelu(const catalog::PreluParams&, const Tensors& own, const at::Tensor& x,
                 StepContext&) {
  return at::prelu(x, own["weight"]);
}

}  // namespace

Forward forward_prelu() { return forward_of(prelu); }

}  // namespace fdl::nn
