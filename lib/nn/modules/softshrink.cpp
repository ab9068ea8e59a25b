#include "lib/catalog/modules/softshrink.h"

#include <ATen/ops/softshrink.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor softshrink(const catalog::SoftshrinkParams& p, const Tensors&, const at::Tensor& x,
                      StepContext&) {
  return at::softshrink(x, p.lambd);
}

}  // namespace

Forward forward_softshrink() { return forward_of(softshrink); }

}  // namespace fdl::nn
