#include "lib/catalog/modules/geglu.h"

#include <ATen/ops/gelu.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor geglu(const catalog::GegluParams& p, const Tensors&, const at::Tensor& x, StepContext&) {
  const std::vector<at::Tensor> halves = x.chunk(2, p.dim);
  return at::gelu(halves[0], p.approximate).mul(halves[1]);
}

}  // namespace

Forward forward_geglu() { return forward_of(geglu); }

}  // namespace fdl::nn
