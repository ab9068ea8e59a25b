#include "lib/catalog/modules/conv2d.h"

#include <ATen/ops/conv2d.h>

#include "lib/nn/convolution.h"
#include "lib/nn/convolve2d.h"

namespace fdl::nn {
namespace {

at::Tensor conv2d(const catalog::Conv2dParams& p, const Tensors& own, const at::Tensor& x,
                  StepContext& context) {
  return convolution(p, x, [&]<typename Padding>(const at::Tensor& padded, const Padding& padding) {
    if constexpr (std::is_same_v<Padding, catalog::Tuple<2>>) {
      return convolve2d(padded, own["weight"], own["bias"],
                        {p.stride, padding, p.dilation, p.groups, context.puts_channels_last,
                         context.filters_by_winograd});
    } else {
      return at::conv2d(padded, own["weight"], own["bias"], p.stride, padding, p.dilation,
                        p.groups);
    }
  });
}

}  // namespace

Forward forward_conv2d() { return forward_of(conv2d); }

}  // namespace fdl::nn
