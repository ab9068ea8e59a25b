#include "lib/nn/attention.h"

#include <cmath>
#include <limits>

#include <ATen/ops/_safe_softmax.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>

#include "lib/nn/positions.h"

namespace fdl::nn {
namespace {

using catalog::AttentionOptions;
using catalog::MultiheadParams;

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

// Press et al. 2021, arXiv:2108.12409, section 3: 2^(-8/N), 2^(-16/N), ... for a power of two;
// between two of them, every other slope of the next power follows those of the last.
at::Tensor alibi_slopes(std::int64_t N, at::Device device) {
  const auto power = static_cast<std::int64_t>(std::exp2(std::floor(std::log2(N))));
  std::vector<double> slopes;
  const auto add = [&](std::int64_t count, std::int64_t of, std::int64_t step) {
    for (std::int64_t i = 0; i < count; ++i)
      slopes.push_back(
          std::exp2(-8.0 * static_cast<double>(i * step + 1) / static_cast<double>(of)));
  };
  add(power, power, 1);
  add(N - power, 2 * power, 2);
  return at::tensor(at::ArrayRef<double>(slopes)).to(device);
}

// [N, T, S]: minus the distance times the head's slope.
at::Tensor alibi_bias(std::int64_t N, std::int64_t T, std::int64_t S, at::Device device) {
  const at::TensorOptions numbers = at::TensorOptions(at::kDouble).device(device);
  const at::Tensor distance = at::arange(T, numbers).unsqueeze(1).sub(at::arange(S, numbers)).abs();
  return distance.mul(alibi_slopes(N, device).view({N, 1, 1})).neg();
}

at::Tensor both(const at::Tensor& a, const at::Tensor& b) {
  return a.defined() ? a.logical_and(b) : b;
}

// What the masks say together, to broadcast over [B, N, T, S]: bool (true = seen), or numbers to
// add to the scores; undefined when they say nothing.
at::Tensor joined_masks(const AttentionOptions& p, const at::Tensor& query_BTE, std::int64_t S,
                        const at::Tensor& mask_BS, const at::Tensor& attn_mask) {
  const auto T = query_BTE.size(1);
  at::Tensor seen, added;
  if (mask_BS.defined()) seen = mask_BS.view({mask_BS.size(0), 1, 1, S});
  if (p.causal) seen = both(seen, at::ones({T, S}, query_BTE.options().dtype(at::kBool)).tril());
  if (p.alibi) added = alibi_bias(p.num_heads, T, S, query_BTE.device()).to(query_BTE.options());
  if (attn_mask.defined()) {
    const at::Tensor by_head = attn_mask.dim() == 3 ? attn_mask.unsqueeze(1) : attn_mask;
    if (by_head.scalar_type() == at::kBool)
      seen = both(seen, by_head);
    else
      added = added.defined() ? added.add(by_head) : by_head;
  }
  if (!added.defined()) return seen;
  return seen.defined() ? at::where(seen, added, kMinusInfinity) : added;
}

// [B, S, K * W] -> [B, N, S, W]; N / K neighbours share a head.
at::Tensor to_heads(const at::Tensor& x, std::int64_t num_heads, std::int64_t num_shared) {
  const at::Tensor heads = x.unflatten(2, {num_heads, -1}).transpose(1, 2);
  return num_shared == 1 ? heads : heads.repeat_interleave(num_shared, 1);
}

// Weights as a tensor, so that some can be dropped.
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

}  // namespace

at::Tensor attend(const AttentionOptions& p, const std::vector<at::Tensor>& inputs,
                  const Dropout& dropout, at::Tensor* weights) {
  const bool by_parts = dropout.is_active() || weights != nullptr;
  const auto N = p.num_heads, K = p.num_kv_heads;
  const at::Tensor q_BNTW = to_heads(inputs[0], N, 1), k_BNSW = to_heads(inputs[1], K, N / K),
                   v_BNSV = to_heads(inputs[2], K, N / K);
  const bool only_causal =
      p.causal && !p.alibi && !inputs[3].defined() && !inputs[4].defined() && !by_parts;
  const at::Tensor mask = only_causal
                              ? at::Tensor()
                              : joined_masks(p, inputs[0], inputs[1].size(1), inputs[3], inputs[4]);
  const std::optional<at::Tensor> given = mask.defined() ? std::optional(mask) : std::nullopt;
  const at::Tensor mixed_BNTV =
      by_parts ? attend_by_parts(q_BNTW, k_BNSW, v_BNSV, mask, dropout, weights)
               : at::scaled_dot_product_attention(q_BNTW, k_BNSW, v_BNSV, given,
                                                  /*dropout_p=*/0, only_causal);
  return mixed_BNTV.transpose(1, 2).flatten(2);
}

namespace {

// Query, key and value after their projections. What reads one tensor is one matrix product.
std::vector<at::Tensor> projected(const MultiheadParams& p, const Tensors& own,
                                  const std::string& prefix,
                                  const std::vector<at::Tensor>& inputs) {
  const at::Tensor &query = inputs[0], &key = inputs[1], &value = inputs[2];
  const std::vector<std::int64_t> widths = {p.embed_dim, p.kv_width(), p.kv_width()};
  const at::Tensor &weight = own[prefix + "in_proj_weight"], &bias = own[prefix + "in_proj_bias"];
  if (weight.defined() && !key.defined())
    return at::linear(query, weight, bias).split_with_sizes(widths, 2);
  std::vector<at::Tensor> weights = {own[prefix + "q_proj_weight"], own[prefix + "k_proj_weight"],
                                     own[prefix + "v_proj_weight"]};
  if (weight.defined()) weights = weight.split_with_sizes(widths, 0);
  std::vector<at::Tensor> biases(3);
  if (bias.defined()) biases = bias.split_with_sizes(widths, 0);
  const at::Tensor out = at::linear(query, weights[0], biases[0]);
  if (weight.defined() && !value.defined()) {
    const auto E = p.embed_dim;
    const at::Tensor both_biases = bias.defined() ? bias.narrow(0, E, 2 * E) : bias;
    const auto both = at::linear(key, weight.narrow(0, E, 2 * E), both_biases).chunk(2, 2);
    return {out, both[0], both[1]};
  }
  const at::Tensor& of_key = key.defined() ? key : query;
  return {out, at::linear(of_key, weights[1], biases[1]),
          at::linear(value.defined() ? value : of_key, weights[2], biases[2])};
}

}  // namespace

at::Tensor multihead(const MultiheadParams& p, const Tensors& own, const std::string& prefix,
                     const std::vector<at::Tensor>& inputs, const Dropout& dropout,
                     at::Tensor* weights) {
  std::vector<at::Tensor> parts = projected(p, own, prefix, inputs);
  if (p.rotary) {
    parts[0] = rotate_heads(parts[0], p.num_heads, p.rotary_base, false);
    parts[1] = rotate_heads(parts[1], p.num_kv_heads, p.rotary_base, false);
  }
  parts.push_back(inputs[3]);
  parts.push_back(inputs[4]);
  return at::linear(attend(p, parts, dropout, weights), own[prefix + "out_proj.weight"],
                    own[prefix + "out_proj.bias"]);
}

}  // namespace fdl::nn
