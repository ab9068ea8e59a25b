#include "lib/catalog/modules/relu.h"

#include <ATen/ops/relu.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor relu(const catalog::ReluParams&, const Tensors&, const at::Tensor& x, StepContext&) {
  return at::relu(x);
}

}  // namespace

Forward forward_relu() { return forward_of(relu); }

}  // namespace fdl::nn
