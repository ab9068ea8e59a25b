#include "lib/catalog/attention.h"

#include <fmt/format.h>

namespace fdl::catalog {
namespace {

std::optional<std::string> wrong_attn_mask(const AttentionInputs& in, std::int64_t num_heads) {
  if (in.attn_mask.is_absent) return std::nullopt;
  const DType dtype = in.attn_mask.dtype;
  if (dtype != DType::Bool && dtype != in.query.dtype)
    return fmt::format("input 'attn_mask' must be bool or {}, not {}", to_string(in.query.dtype),
                       to_string(dtype));
  const Dim &B = in.query.shape[0], &T = in.query.shape[1], &S = in.key.shape[1];
  const Shape alike = {B, T, S}, by_head = {B, num_heads, T, S};
  if (in.attn_mask.shape == alike || in.attn_mask.shape == by_head) return std::nullopt;
  return wrong_shape("attn_mask", to_string(alike) + " or " + to_string(by_head), in.attn_mask);
}

}  // namespace

AttentionInputs attention_inputs(const std::vector<TensorType>& inputs) {
  const TensorType& key = inputs[1].is_absent ? inputs[0] : inputs[1];
  return {inputs[0], key, inputs[2].is_absent ? key : inputs[2], inputs[3], inputs[4]};
}

std::optional<std::string> attention_misfit(AttentionOptions& p,
                                            const std::vector<TensorType>& inputs) {
  if (p.num_kv_heads == 0) p.num_kv_heads = p.num_heads;
  if (inputs[1].is_absent && !inputs[2].is_absent) return "it needs the key of its value";
  const AttentionInputs in = attention_inputs(inputs);
  if (auto why = wrong_rank(in.query, 3, "[B, T, E]")) return why;
  for (const auto& [name, type] : {std::pair("key", &in.key), std::pair("value", &in.value)}) {
    if (type->shape.size() != 3) return wrong_shape(name, "[B, S, E]", *type);
    Shape expected = type->shape;
    expected[0] = in.query.shape[0];
    expected[1] = in.key.shape[1];
    if (auto why = misfit({{name, *type, expected, in.query.dtype}})) return why;
  }
  const Dim &T = in.query.shape[1], &S = in.key.shape[1];
  if (p.causal && !(T == S))
    return fmt::format("'causal' needs as many keys as queries, but there are {} and {}", S.text(),
                       T.text());
  if (auto why = misfit({{"mask", in.mask, {in.query.shape[0], S}, DType::Bool}})) return why;
  return wrong_attn_mask(in, p.num_heads);
}

Dim attention_flops(const AttentionInputs& inputs, const Dim& num_heads, const Dim& width,
                    const Dim& value_width) {
  const Dim pairs = inputs.query.shape[0] * inputs.query.shape[1] * inputs.key.shape[1];
  return pairs * (Dim(2) * width + Dim(2) * value_width + Dim(5) * num_heads);
}

namespace {

// Numbers that several masks become together; a mask by itself is there already.
Dim joined_mask(const AttentionOptions& p, const AttentionInputs& in) {
  const Dim pairs = in.query.shape[1] * in.key.shape[1];
  const bool has_mask = !in.mask.is_absent, has_attn_mask = !in.attn_mask.is_absent;
  if (p.alibi)
    return pairs * Dim(p.num_heads) * (has_mask || has_attn_mask ? in.query.shape[0] : Dim(1));
  if (!has_mask || !has_attn_mask || in.attn_mask.dtype == DType::Bool) return 0;
  return num_elements(in.attn_mask.shape);
}

}  // namespace

Dim attention_kept(const AttentionOptions& p, const AttentionInputs& inputs, bool fuses) {
  const Dim B = inputs.query.shape[0], T = inputs.query.shape[1], S = inputs.key.shape[1];
  const Dim rows = B * Dim(p.num_heads) * T;
  if (fuses) return Dim(2) * rows + joined_mask(p, inputs);  // a row's largest score and its sum
  if (p.dropout == 0) return rows;                           // the sums of libtorch's kernel
  return Dim(3) * rows * S;  // the weights before and after dropout, and its mask
}

}  // namespace fdl::catalog
