#include "lib/catalog/modules/glu.h"

#include <ATen/ops/glu.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor glu(const catalog::GluParams& p, const Tensors&, const at::Tensor& x, StepContext&) {
  return at::glu(x, p.dim);
}

}  // namespace

Forward forward_glu() { return forward_of(glu); }

}  // namespace fdl::nn
