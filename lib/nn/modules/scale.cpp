#include "lib/catalog/modules/scale.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor scale(const catalog::ScaleParams& p, const Tensors&, const at::Tensor& x, StepContext&) {
  return p.shift == 0 ? x.mul(p.factor) : x.mul(p.factor).add(p.shift);
}

}  // namespace

Forward forward_scale() { return forward_of(scale); }

}  // namespace fdl::nn
