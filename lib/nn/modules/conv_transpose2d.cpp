#include "lib/catalog/modules/conv_transpose2d.h"

#include "lib/nn/convolve2d.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor conv_transpose2d(const catalog::ConvTranspose2dParams& p, const Tensors& own,
                            const at::Tensor& x, StepContext& context) {
  return convolve2d_back(x, own["weight"], own["bias"],
                         {p.stride, p.padding, p.dilation, p.groups, context.puts_channels_last,
                          context.filters_by_winograd},
                         p.output_padding);
}

}  // namespace

Forward forward_conv_transpose2d() { return forward_of(conv_transpose2d); }

}  // namespace fdl::nn
