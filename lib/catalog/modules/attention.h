#pragma once

#include <fmt/format.h>

#include "lib/catalog/attention.h"
#include "lib/catalog/axes.h"

namespace fdl::catalog {

struct AttentionParams : AttentionOptions {};

inline TypeResult attention_types(AttentionParams& p, const std::vector<TensorType>& inputs) {
  if (auto why = attention_misfit(p, inputs)) return tl::unexpected(*why);
  const AttentionInputs in = attention_inputs(inputs);
  const auto width = exact_quotient(in.query.shape[2], p.num_heads),
             value_width = exact_quotient(in.value.shape[2], p.num_kv_heads);
  if (!width || !value_width)
    return tl::unexpected(fmt::format("the last axis of its {} cannot be split into {} heads",
                                      width ? "value" : "query",
                                      width ? p.num_kv_heads : p.num_heads));
  const Shape key = {in.key.shape[0], in.key.shape[1], *width * Dim(p.num_kv_heads)};
  if (auto why = misfit({{"key", in.key, key, {}}})) return tl::unexpected(*why);
  return std::vector<TensorType>{
      {in.query.dtype, {in.query.shape[0], in.query.shape[1], *value_width * Dim(p.num_heads)}}};
}

inline ModuleSpec attention_spec() {
  using P = AttentionParams;
  return mask_inputs(attention_options(
                         declare<P>("attention",
                                    "Mix values by how well their keys match each query, head by "
                                    "head, without projections.")
                             .input("query", DTypeClass::Floating)
                             .input("key", DTypeClass::Floating)
                             .input("value", DTypeClass::Floating)))
      .types(std::string("query [B, T, E], key [B, S, E], value [B, S, V] -> [B, T, V]; ") +
                 kMaskShapes,
             attention_types)
      .flops([](const P& p, const std::vector<TensorType>& inputs, const auto& outputs) {
        return attention_flops(attention_inputs(inputs), p.num_heads, inputs[0].shape[2],
                               outputs.front().shape[2]);
      })
      .gradient_flops([](const P& p, const std::vector<TensorType>& inputs, const auto& outputs) {
        const Dim forward = attention_flops(attention_inputs(inputs), p.num_heads,
                                            inputs[0].shape[2], outputs.front().shape[2]);
        return GradientFlops{Dim(2) * forward, 0, 0};
      })
      .keeps({"query", "key", "value", "output"})
      .keeps_bytes([](const P& p, const std::vector<TensorType>& inputs, const auto&) {
        return bytes_of(attention_kept(p, attention_inputs(inputs)), inputs[0]);
      })
      .source(
          "Vaswani et al. 2017, arXiv:1706.03762, equation 1; Press et al. 2021, "
          "arXiv:2108.12409 (alibi); Ainslie et al. 2023, arXiv:2305.13245 (num_kv_heads)")
      .example("attention: { heads: 2, dropout: 0.25 }",
               {"f32[3, 4]", "f32[5, 4]", "f32[5, 6]", "bool[5]", "f32[3, 5]"});
}

}  // namespace fdl::catalog
