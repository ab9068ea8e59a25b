#include "lib/catalog/modules/conv_transpose2d.h"

#include <ATen/ops/conv_transpose2d.h>

#include "lib/nn/declarations.h"
#include "lib/nn/tile_convolution.h"

namespace fdl::nn {
namespace {

at::Tensor conv_transpose2d(const catalog::ConvTranspose2dParams& p, const Tensors& own,
                            const at::Tensor& x, StepContext&) {
  if (p.groups == 1)
    return convolve2d_back(x, own["weight"], own["bias"], {p.stride, p.padding, p.dilation},
                           p.output_padding);
  return at::conv_transpose2d(x, own["weight"], own["bias"], p.stride, p.padding, p.output_padding,
                              p.groups, p.dilation);
}

}  // namespace

Forward forward_conv_transpose2d() { return forward_of(conv_transpose2d); }

}  // namespace fdl::nn
