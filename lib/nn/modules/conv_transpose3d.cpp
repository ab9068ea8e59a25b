#include "lib/catalog/modules/conv_transpose3d.h"

#include <ATen/ops/conv_transpose3d.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor conv_transpose3d(const catalog::ConvTranspose3dParams& p, const Tensors& own,
                            const at::Tensor& x, StepContext&) {
  return at::conv_transpose3d(x, own["weight"], own["bias"], p.stride, p.padding, p.output_padding,
                              p.groups, p.dilation);
}

}  // namespace

Forward forward_conv_transpose3d() { return forward_of(conv_transpose3d); }

}  // namespace fdl::nn
