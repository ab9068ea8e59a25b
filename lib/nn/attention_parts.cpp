#include "lib/nn/attention_parts.h"

#include <cmath>
#include <limits>

#include <ATen/ops/_safe_softmax.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/where.h>

namespace fdl::nn {

namespace {
constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();
}

at::Tensor to_heads(const at::Tensor& x, std::int64_t num_heads, std::int64_t num_shared) {
  const at::Tensor heads = x.unflatten(2, {num_heads, -1}).transpose(1, 2);
  return num_shared == 1 ? heads : heads.repeat_interleave(num_shared, 1);
}

at::Tensor with_causal(const at::Tensor& mask, std::int64_t T, std::int64_t S, at::Device device) {
  const at::Tensor seen = at::ones({T, S}, at::TensorOptions(at::kBool).device(device)).tril();
  if (!mask.defined()) return seen;
  if (mask.scalar_type() == at::kBool) return mask.logical_and(seen);
  return at::where(seen, mask, kMinusInfinity);
}

at::Tensor attend_by_parts(const at::Tensor& q_BNTW, const at::Tensor& k_BNSW,
                           const at::Tensor& v_BNSV, const at::Tensor& mask, const Dropout& dropout,
                           at::Tensor* weights) {
  const double scale = 1 / std::sqrt(static_cast<double>(q_BNTW.size(3)));
  at::Tensor scores_BNTS = q_BNTW.mul(scale).matmul(k_BNSW.transpose(2, 3));
  if (mask.defined() && mask.scalar_type() == at::kBool)
    scores_BNTS = at::where(mask, scores_BNTS, kMinusInfinity);
  else if (mask.defined())
    scores_BNTS = scores_BNTS.add(mask);
  // The safe one gives zeros, not nan, where nothing is seen.
  const at::Tensor weights_BNTS = dropout(at::_safe_softmax(scores_BNTS, 3));
  if (weights != nullptr) *weights = weights_BNTS;
  return weights_BNTS.matmul(v_BNSV);
}

}  // namespace fdl::nn
