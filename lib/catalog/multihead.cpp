#include "lib/catalog/multihead.h"

#include <fmt/format.h>

#include "lib/catalog/axes.h"

namespace fdl::catalog {

std::optional<std::string> multihead_misfit(MultiheadParams& p,
                                            const std::vector<TensorType>& inputs) {
  if (auto why = attention_misfit(p, inputs)) return why;
  const AttentionInputs in = attention_inputs(inputs);
  if (auto why = infer_size("embed_dim", p.embed_dim, in.query.shape[2])) return why;
  if (auto why = infer_size("kdim", p.kdim, in.key.shape[2])) return why;
  if (auto why = infer_size("vdim", p.vdim, in.value.shape[2])) return why;
  if (p.embed_dim % p.num_heads != 0)
    return fmt::format("its last axis of {} cannot be split into {} heads", p.embed_dim,
                       p.num_heads);
  if (p.rotary && p.head_width() % 2 != 0)
    return fmt::format("'rotary' turns pairs of numbers, but a head has {}", p.head_width());
  return std::nullopt;
}

std::vector<TensorSpec> multihead_tensors(const MultiheadParams& p, const std::string& prefix) {
  const Dim E = p.embed_dim, KV = p.kv_width(), all = E + Dim(2) * KV;
  std::vector<TensorSpec> out;
  const auto matrix = [&](const std::string& name, const Dim& to, const Dim& from) {
    out.push_back(owned_tensor(prefix + name, {to, from}, xavier_uniform(from, to)));
  };
  if (p.is_packed()) {
    matrix("in_proj_weight", all, E);
  } else {
    matrix("q_proj_weight", E, E);
    matrix("k_proj_weight", KV, p.kdim);
    matrix("v_proj_weight", KV, p.vdim);
  }
  if (p.bias) out.push_back(owned_tensor(prefix + "in_proj_bias", {all}, zeros()));
  append(out, linear_part(prefix + "out_proj", E, E, p.bias));
  if (p.bias) out.back().init = zeros();
  return out;
}

Dim query_projection_flops(const MultiheadParams& p, const std::vector<TensorType>& inputs) {
  const TensorType& query = inputs[0];
  const Dim E = p.embed_dim;
  return Dim(2) * query.shape[0] * query.shape[1] * E * E;
}

namespace {

Dim key_value_flops(const MultiheadParams& p, const TensorType& key) {
  const Dim rows = key.shape[0] * key.shape[1];
  return Dim(2) * rows * Dim(p.kv_width()) * (Dim(p.kdim) + Dim(p.vdim));
}

}  // namespace

Dim multihead_flops(const MultiheadParams& p, const std::vector<TensorType>& inputs) {
  const AttentionInputs in = attention_inputs(inputs);
  const Dim E = p.embed_dim, in_and_out = Dim(2) * query_projection_flops(p, inputs);
  return in_and_out + key_value_flops(p, in.key) + attention_flops(in, p.num_heads, E, E);
}

GradientFlops multihead_gradient_flops(const MultiheadParams& p,
                                       const std::vector<TensorType>& inputs) {
  const Dim last = query_projection_flops(p, inputs);  // as many as the query's
  const Dim first = last + key_value_flops(p, attention_inputs(inputs).key);
  const Dim mixing = multihead_flops(p, inputs) - first - last;
  return {first, first + last, last + Dim(2) * mixing};
}

Dim multihead_kept(const MultiheadParams& p, const std::vector<TensorType>& inputs, bool fuses) {
  const AttentionInputs in = attention_inputs(inputs);
  const Dim E = p.embed_dim, KV = p.kv_width();
  const Dim B = in.query.shape[0], queries = B * in.query.shape[1], keys = B * in.key.shape[1];
  Dim out = attention_kept(p, in, fuses) + queries * E;  // what the last projection reads
  if (!fuses && p.dropout > 0) return out + queries * E + keys * E * Dim(2);  // copies
  out = out + queries * E + keys * KV * Dim(2);                               // projected
  const bool repeats = !fuses && p.num_kv_heads != p.num_heads;
  if (p.rotary && !fuses) out = out + queries * E + (repeats ? Dim(0) : keys * KV);
  return repeats ? out + keys * E * Dim(2) : out;
}

}  // namespace fdl::catalog
