#include "lib/catalog/modules/noisy_top_k_router.h"

#include <limits>

#include <ATen/ops/full_like.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/topk.h>

#include "lib/nn/declarations.h"
#include "lib/nn/noise.h"

namespace fdl::nn {
namespace {

at::Tensor noisy_top_k_router(const catalog::NoisyTopKRouterParams& p, const Tensors& own,
                              const at::Tensor& x, StepContext& context) {
  at::Tensor scores = at::linear(x, own["gate.weight"]);
  if (context.training) {
    const at::Tensor spread = at::softplus(at::linear(x, own["noise.weight"]));
    scores = scores.add(normal_noise(scores, tensor::Purpose::Routing, context).mul(spread));
  }
  const auto [values, places] = at::topk(scores, p.k, -1);
  constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();
  return at::softmax(at::full_like(scores, kMinusInfinity).scatter(-1, places, values), -1);
}

}  // namespace

Forward forward_noisy_top_k_router() { return forward_of(noisy_top_k_router); }

}  // namespace fdl::nn
