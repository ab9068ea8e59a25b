#include "lib/catalog/modules/gumbel_softmax.h"

#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros_like.h>

#include "lib/nn/declarations.h"
#include "lib/nn/noise.h"

namespace fdl::nn {
namespace {

at::Tensor gumbel_softmax(const catalog::GumbelSoftmaxParams& p, const Tensors&,
                          const at::Tensor& x, StepContext& context) {
  const at::Tensor scores =
      context.training ? x.add(gumbel_noise(x, tensor::Purpose::Routing, context)) : x;
  const at::Tensor soft = at::softmax(scores.div(p.tau), p.dim);
  if (!p.hard) return soft;
  const at::Tensor largest = soft.argmax(p.dim, /*keepdim=*/true);
  return at::zeros_like(soft).scatter(p.dim, largest, 1).sub(soft.detach()).add(soft);
}

}  // namespace

Forward forward_gumbel_softmax() { return forward_of(gumbel_softmax); }

}  // namespace fdl::nn
