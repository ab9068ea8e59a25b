#include "lib/catalog/modules/fold.h"

#include <ATen/ops/col2im.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor fold(const catalog::FoldParams& p, const Tensors&, const at::Tensor& x, StepContext&) {
  return at::col2im(x, p.output_size, p.kernel_size, p.dilation, p.padding, p.stride);
}

}  // namespace

Forward forward_fold() { return forward_of(fold); }

}  // namespace fdl::nn
