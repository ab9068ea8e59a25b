#include "lib/catalog/modules/hardshrink.h"

#include <ATen/ops/hardshrink.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor hardshrink(const catalog::HardshrinkParams& p, const Tensors&, const at::Tensor& x,
                      StepContext&) {
  return at::hardshrink(x, p.lambd);
}

}  // namespace

Forward forward_hardshrink() { return forward_of(hardshrink); }

}  // namespace fdl::nn
