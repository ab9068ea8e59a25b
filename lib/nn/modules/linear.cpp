#include "lib/catalog/modules/linear.h"

#include <ATen/ops/linear.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor linear(const catalog::LinearParams&, const Tensors& own, const at::Tensor& x,
                  StepContext&) {
  return at::linear(x, own["weight"], own["bias"]);
}

}  // namespace

Forward forward_linear() { return forward_of(linear); }

}  // namespace fdl::nn
