#include "lib/catalog/modules/conv3d.h"

#include <ATen/ops/conv3d.h>

#include "lib/nn/convolution.h"

namespace fdl::nn {
namespace {

at::Tensor conv3d(const catalog::Conv3dParams& p, const Tensors& own, const at::Tensor& x,
                  StepContext&) {
  return convolution(p, x, [&](const at::Tensor& padded, const auto& padding) {
    return at::conv3d(padded, own["weight"], own["bias"], p.stride, padding, p.dilation, p.groups);
  });
}

}  // namespace

Forward forward_conv3d() { return forward_of(conv3d); }

}  // namespace fdl::nn
