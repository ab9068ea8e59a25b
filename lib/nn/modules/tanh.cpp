#include "lib/catalog/modules/tanh.h"

#include <ATen/ops/tanh.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor tanh(const catalog::TanhParams&, const Tensors&, const at::Tensor& x, StepContext&) {
  return at::tanh(x);
}

}  // namespace

Forward forward_tanh() { return forward_of(tanh); }

}  // namespace fdl::nn
