#include "lib/catalog/losses/triplet_margin_with_distance.h"

#include <limits>

#include <ATen/ops/cosine_similarity.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/pairwise_distance.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {
namespace {

using Distance = at::Tensor (*)(const at::Tensor& a, const at::Tensor& b);

// Norms of differences are those of torch.nn.PairwiseDistance, which never are 0.
Distance distance_of(std::string_view name) {
  if (name == "squared_euclidean")
    return [](const at::Tensor& a, const at::Tensor& b) { return a.sub(b).square().sum(1); };
  if (name == "manhattan")
    return [](const at::Tensor& a, const at::Tensor& b) { return at::pairwise_distance(a, b, 1); };
  if (name == "chebyshev")
    return [](const at::Tensor& a, const at::Tensor& b) {
      return at::pairwise_distance(a, b, std::numeric_limits<double>::infinity());
    };
  if (name == "cosine")
    return [](const at::Tensor& a, const at::Tensor& b) {
      return at::cosine_similarity(a, b, 1).neg().add(1);
    };
  if (name == "dot")
    return [](const at::Tensor& a, const at::Tensor& b) { return a.mul(b).sum(1).neg(); };
  return [](const at::Tensor& a, const at::Tensor& b) { return at::pairwise_distance(a, b); };
}

}  // namespace

Loss loss_triplet_margin_with_distance(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::TripletMarginWithDistanceParams>();
  return [p, mode = reduction_of(p.reduction), far = distance_of(p.distance)](const Compared& t) {
    const auto dtype = t[0].scalar_type();
    const at::Tensor positive = t[1].to(dtype), negative = t[2].to(dtype);
    at::Tensor away = far(t[0], negative);
    if (p.swap) away = at::minimum(away, far(positive, negative));
    return reduced(far(t[0], positive).sub(away).add(p.margin).clamp_min(0), mode);
  };
}

}  // namespace fdl::nn
