#pragma once

#include "lib/catalog/inputs.h"

// What attention and multihead_attention share: options, masks, shapes, cost.
namespace fdl::catalog {

struct AttentionOptions {
  std::int64_t num_heads = 0;
  std::int64_t num_kv_heads = 0;  // num_heads once inferred, unless it was given
  double dropout = 0;
  bool causal = false;
  bool alibi = false;
};

// inputs: query [B, T, *], key [B, S, *], value [B, S, *], mask [B, S], attn_mask [B, T, S] or
// [B, num_heads, T, S]; an absent key stands for the query, an absent value for the key.
struct AttentionInputs {
  TensorType query, key, value, mask, attn_mask;
};
AttentionInputs attention_inputs(const std::vector<TensorType>& inputs);

// Sets an open num_kv_heads. Empty when batch, positions and masks fit, else why not.
std::optional<std::string> attention_misfit(AttentionOptions& p,
                                            const std::vector<TensorType>& inputs);

// Scores, softmax and mixture; `width` and `value_width` are those of all heads.
Dim attention_flops(const AttentionInputs& inputs, const Dim& num_heads, const Dim& width,
                    const Dim& value_width);

// Numbers that the attention keeps for the backward pass beside what comes in and goes out.
// `fuses`: its pass is on (passes.h).
Dim attention_kept(const AttentionOptions& p, const AttentionInputs& inputs, bool fuses = true);

inline constexpr const char* kMaskShapes =
    "mask bool[B, S] (true = real), attn_mask [B, T, S] or [B, num_heads, T, S] (bool: true = may "
    "be seen; else added to the scores)";

// The masks, as the last inputs.
template <typename P>
ModuleBuilder<P> mask_inputs(ModuleBuilder<P> builder) {
  return builder.optional_input("mask", DTypeClass::Any)
      .optional_input("attn_mask", DTypeClass::Any);
}

template <typename P>
ModuleBuilder<P> attention_options(ModuleBuilder<P> builder) {
  using config::alias, config::at_least, config::at_least_and_below, config::between,
      config::inferred, config::main_field, config::required;
  return builder
      .param("num_heads", &P::num_heads, "Heads, between which the last axis is split.", required,
             main_field, alias("heads"), between(1, 65536))
      .param("num_kv_heads", &P::num_kv_heads,
             "Heads of key and value, each shared by several of the query; as many as num_heads "
             "when not given.",
             inferred, at_least(1))
      .param("dropout", &P::dropout, "Probability that a weight is zero, in training.",
             at_least_and_below(0, 1))
      .param("causal", &P::causal, "Position t sees positions 0 to t alone.")
      .param("alibi", &P::alibi,
             "Lower each score by the distance times a slope that differs between heads.")
      .require([](const P& p) { return p.num_kv_heads == 0 || p.num_heads % p.num_kv_heads == 0; },
               "'num_heads' must be a multiple of 'num_kv_heads'")
      .draws();
}

}  // namespace fdl::catalog
