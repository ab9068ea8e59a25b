#include "lib/nn/attention.h"

#include <cmath>
#include <limits>

#include <ATen/ops/arange.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>

#include "lib/nn/attention_parts.h"
#include "lib/nn/fused_attention.h"
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
// add to the scores; undefined when they say nothing. Without what `causal` says.
at::Tensor joined_masks(const AttentionOptions& p, const at::Tensor& query_BTE, std::int64_t S,
                        const at::Tensor& mask_BS, const at::Tensor& attn_mask) {
  const auto T = query_BTE.size(1);
  at::Tensor seen, added;
  if (mask_BS.defined()) seen = mask_BS.view({mask_BS.size(0), 1, 1, S});
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

HeadOptions head_options(const AttentionOptions& p, const at::Tensor& mask,
                         const AttentionWay& way) {
  return {p.num_heads, p.num_kv_heads, p.causal, mask, way.dropout};
}

}  // namespace

AttentionWay attention_way(const StepContext& context, double dropout) {
  return {dropout_of(context, dropout), context.fuses_attention};
}

AttentionWay attention_way(const StepContext& context, double dropout, std::uint64_t place) {
  return {dropout_of(context, dropout, place), context.fuses_attention};
}

at::Tensor attend(const AttentionOptions& p, const std::vector<at::Tensor>& inputs,
                  const AttentionWay& way) {
  const at::Tensor &query = inputs[0], &key = inputs[1], &value = inputs[2];
  const std::int64_t S = key.size(1);
  at::Tensor mask = joined_masks(p, query, S, inputs[3], inputs[4]);
  if (way.may_fuse() && takes_fused_attention(query, key, value, mask))
    return fused_attention(query, key, value, head_options(p, mask, way));
  const bool by_parts = way.dropout.is_active() || way.weights != nullptr;
  const bool is_only_causal = p.causal && !mask.defined() && !by_parts;
  if (p.causal && !is_only_causal) mask = with_causal(mask, query.size(1), S, query.device());
  const auto N = p.num_heads, K = p.num_kv_heads;
  const at::Tensor q_BNTW = to_heads(query, N, 1), k_BNSW = to_heads(key, K, N / K),
                   v_BNSV = to_heads(value, K, N / K);
  const std::optional<at::Tensor> given = mask.defined() ? std::optional(mask) : std::nullopt;
  const at::Tensor mixed_BNTV =
      by_parts ? attend_by_parts(q_BNTW, k_BNSW, v_BNSV, mask, way.dropout, way.weights)
               : at::scaled_dot_product_attention(q_BNTW, k_BNSW, v_BNSV, given,
                                                  /*dropout_p=*/0, is_only_causal);
  return mixed_BNTV.transpose(1, 2).flatten(2);
}

namespace {

// Query, key and value side by side, where one product makes them of one tensor; else undefined.
at::Tensor joint_projection(const Tensors& own, const std::string& prefix,
                            const std::vector<at::Tensor>& inputs) {
  const at::Tensor& weight = own[prefix + "in_proj_weight"];
  if (!weight.defined() || inputs[1].defined()) return {};
  return at::linear(inputs[0], weight, own[prefix + "in_proj_bias"]);
}

// What attention makes of them, where they may stay side by side; else undefined.
at::Tensor attend_joint(const MultiheadParams& p, const at::Tensor& joint,
                        const std::vector<at::Tensor>& inputs, const AttentionWay& way) {
  if (!joint.defined() || p.rotary || !way.may_fuse()) return {};
  const at::Tensor mask = joined_masks(p, joint, joint.size(1), inputs[3], inputs[4]);
  if (!takes_fused_attention(joint, joint, joint, mask)) return {};
  return fused_self_attention(joint, head_options(p, mask, way));
}

// Query, key and value after their projections, of which `joint` may have been made.
std::vector<at::Tensor> projected(const MultiheadParams& p, const Tensors& own,
                                  const std::string& prefix, const at::Tensor& joint,
                                  const std::vector<at::Tensor>& inputs) {
  const at::Tensor &query = inputs[0], &key = inputs[1], &value = inputs[2];
  const std::vector<std::int64_t> widths = {p.embed_dim, p.kv_width(), p.kv_width()};
  const at::Tensor &weight = own[prefix + "in_proj_weight"], &bias = own[prefix + "in_proj_bias"];
  if (joint.defined()) return joint.split_with_sizes(widths, 2);
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
                     const std::vector<at::Tensor>& inputs, const AttentionWay& way) {
  const at::Tensor joint = joint_projection(own, prefix, inputs);
  at::Tensor mixed = attend_joint(p, joint, inputs, way);
  if (!mixed.defined()) {
    std::vector<at::Tensor> parts = projected(p, own, prefix, joint, inputs);
    if (p.rotary) {
      parts[0] = rotate_heads(parts[0], p.num_heads, p.rotary_base, false);
      parts[1] = rotate_heads(parts[1], p.num_kv_heads, p.rotary_base, false);
    }
    parts.push_back(inputs[3]);
    parts.push_back(inputs[4]);
    mixed = attend(p, parts, way);
  }
  return at::linear(mixed, own[prefix + "out_proj.weight"], own[prefix + "out_proj.bias"]);
}

}  // namespace fdl::nn
