#include "lib/catalog/modules/conv1d.h"

#include <ATen/ops/conv1d.h>

#include "lib/nn/convolution.h"

namespace fdl::nn {
namespace {

at::Tensor conv1d(const catalog::Conv1dParams& p, const Tensors& own, const at::Tensor& x,
                  StepContext&) {
  return convolution(p, x, [&](const at::Tensor& padded, const auto& padding) {
    return at::conv1d(padded, own["weight"], own["bias"], p.stride, padding, p.dilation, p.groups);
  });
}

}  // namespace

Forward forward_conv1d() { return forward_of(conv1d); }

}  // namespace fdl::nn
