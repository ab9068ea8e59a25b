#include "lib/catalog/modules/conv_transpose1d.h"

#include <ATen/ops/conv_transpose1d.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor conv_transpose1d(const catalog::ConvTranspose1dParams& p, const Tensors& own,
                            const at::Tensor& x, StepContext&) {
  return at::conv_transpose1d(x, own["weight"], own["bias"], p.stride, p.padding, p.output_padding,
                              p.groups, p.dilation);
}

}  // namespace

Forward forward_conv_transpose1d() { return forward_of(conv_transpose1d); }

}  // namespace fdl::nn
