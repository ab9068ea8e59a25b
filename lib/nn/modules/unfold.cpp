#include "lib/catalog/modules/unfold.h"

#include <ATen/ops/im2col.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor unfold(const catalog::UnfoldParams& p, const Tensors&, const at::Tensor& x,
                  StepContext&) {
  return at::im2col(x, p.kernel_size, p.dilation, p.padding, p.stride);
}

}  // namespace

Forward forward_unfold() { return forward_of(unfold); }

}  // namespace fdl::nn
