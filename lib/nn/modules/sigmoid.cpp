#include "lib/catalog/modules/sigmoid.h"

#include <ATen/ops/sigmoid.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor sigmoid(const catalog::SigmoidParams&, const Tensors&, const at::Tensor& x,
                   StepContext&) {
  return at::sigmoid(x);
}

}  // namespace

Forward forward_sigmoid() { return forward_of(sigmoid); }

}  // namespace fdl::nn
