#include "lib/catalog/modules/transpose.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor transpose(const catalog::TransposeParams& p, const Tensors&, const at::Tensor& x,
                     StepContext&) {
  return x.transpose(p.dim0, p.dim1);
}

}  // namespace

Forward forward_transpose() { return forward_of(transpose); }

}  // namespace fdl::nn
