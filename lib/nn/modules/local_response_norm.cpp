#include "lib/catalog/modules/local_response_norm.h"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/pad.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

// x [N, C, ...] -> the same. Channels outside count as zeros; an even window has one more before.
at::Tensor local_response_norm(const catalog::LocalResponseNormParams& p, const Tensors&,
                               const at::Tensor& x, StepContext&) {
  const at::Tensor squares = x.mul(x).reshape({x.size(0), 1, x.size(1), -1});
  const at::Tensor padded = at::pad(squares, {0, 0, p.size / 2, (p.size - 1) / 2});
  const at::Tensor mean = at::avg_pool2d(padded, {p.size, 1}, /*stride=*/1).reshape(x.sizes());
  return x.div(mean.mul(p.alpha).add(p.k).pow(p.beta));
}

}  // namespace

Forward forward_local_response_norm() { return forward_of(local_response_norm); }

}  // namespace fdl::nn
