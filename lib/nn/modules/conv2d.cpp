#include "lib/catalog/modules/conv2d.h"

#include <ATen/ops/conv2d.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor conv2d(const catalog::Conv2dParams& p, const Tensors& own, const at::Tensor& x,
                  StepContext&) {
  const at::Tensor &weight = own["weight"], &bias = own["bias"];
  // libtorch knows the words too, and pads an even kernel as PyTorch does: one more behind.
  if (!p.padding.word.empty())
    return at::conv2d(x, weight, bias, p.stride, p.padding.word, p.dilation, p.groups);
  return at::conv2d(x, weight, bias, p.stride, p.padding.sides, p.dilation, p.groups);
}

}  // namespace

Forward forward_conv2d() { return forward_of(conv2d); }

}  // namespace fdl::nn
