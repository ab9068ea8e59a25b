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

Dim projection_flops(const MultiheadParams& p, const std::vector<TensorType>& inputs) {
  const AttentionInputs in = attention_inputs(inputs);
  const Dim E = p.embed_dim, KV = p.kv_width(), B = in.query.shape[0];
  const Dim of_query = B * in.query.shape[1] * E * E * Dim(2);  // in and out
  const Dim of_keys = B * in.key.shape[1] * KV * (Dim(p.kdim) + Dim(p.vdim));
  return Dim(2) * (of_query + of_keys);
}

Dim multihead_flops(const MultiheadParams& p, const std::vector<TensorType>& inputs) {
  const Dim E = p.embed_dim;
  return projection_flops(p, inputs) + attention_flops(attention_inputs(inputs), p.num_heads, E, E);
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
