#include "lib/catalog/modules/swiglu.h"

#include <ATen/ops/silu.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor swiglu(const catalog::SwigluParams& p, const Tensors&, const at::Tensor& x,
                  StepContext&) {
  const std::vector<at::Tensor> halves = x.chunk(2, p.dim);
  return at::silu(halves[0]).mul(halves[1]);
}

}  // namespace

Forward forward_swiglu() { return forward_of(swiglu); }

}  // namespace fdl::nn
