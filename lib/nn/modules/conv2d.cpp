#include "lib/catalog/modules/conv2d.h"

#include <ATen/ops/conv2d.h>

#include "lib/nn/convolution.h"

namespace fdl::nn {
namespace {

at::Tensor conv2d(const catalog::Conv2dParams& p, const Tensors& own, const at::Tensor& x,
                  StepContext&) {
  return convolution(p, x, [&](const at::Tensor& padded, const auto& padding) {
    return at::conv2d(padded, own["weight"], own["bias"], p.stride, padding, p.dilation, p.groups);
  });
}

}  // namespace

Forward forward_conv2d() { return forward_of(conv2d); }

}  // namespace fdl::nn
