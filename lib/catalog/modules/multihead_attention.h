#pragma once

#include "lib/catalog/multihead.h"

namespace fdl::catalog {

struct MultiheadAttentionParams : MultiheadParams {
  bool need_weights = false;
  bool average_attn_weights = true;
};

inline std::vector<TensorType> multihead_outputs(const MultiheadAttentionParams& p,
                                                 const std::vector<TensorType>& inputs) {
  const TensorType& query = inputs.front();
  if (!p.need_weights) return {query};
  const AttentionInputs in = attention_inputs(inputs);
  Shape weights = {query.shape[0], query.shape[1], in.key.shape[1]};
  if (!p.average_attn_weights) weights.insert(weights.begin() + 1, Dim(p.num_heads));
  return {query, {query.dtype, weights}};
}

inline ModuleSpec multihead_attention_spec() {
  using config::above, config::at_least, config::inferred;
  using P = MultiheadAttentionParams;
  return mask_inputs(
             attention_options(
                 declare<P>("multihead_attention",
                            "Project query, key and value, attend head by head, project again.")
                     .input("query", DTypeClass::Floating)
                     .optional_input("key", DTypeClass::Floating)
                     .optional_input("value", DTypeClass::Floating))
                 .param("embed_dim", &P::embed_dim, "Length of the query's last axis.", inferred,
                        at_least(1))
                 .param("kdim", &P::kdim, "Length of the key's last axis.", inferred, at_least(1))
                 .param("vdim", &P::vdim, "Length of the value's last axis.", inferred, at_least(1))
                 .param("bias", &P::bias, "Add a learned vector after each projection.")
                 .param("rotary", &P::rotary,
                        "Turn query and key by angles that grow with the position.")
                 .param("rotary_base", &P::rotary_base,
                        "How much slower the last pair of numbers turns than the first.", above(0))
                 .param("need_weights", &P::need_weights,
                        "Give the weights as a second output, 'weights'.")
                 .param("average_attn_weights", &P::average_attn_weights,
                        "Give the mean of their heads, [B, T, S], not [B, num_heads, T, S]."))
      .outputs_of([](const P& p) {
        return p.need_weights ? std::vector<std::string>{"output", "weights"}
                              : std::vector<std::string>{"output"};
      })
      .tensors([](const P& p) { return multihead_tensors(p, ""); })
      .types(std::string("query [B, T, embed_dim], key [B, S, kdim] (the query when not given), "
                         "value [B, S, vdim] (likewise the key) -> [B, T, embed_dim]; ") +
                 kMaskShapes,
             [](P& p, const std::vector<TensorType>& inputs) -> TypeResult {
               if (auto why = multihead_misfit(p, inputs)) return tl::unexpected(*why);
               return multihead_outputs(p, inputs);
             })
      .flops([](const P& p, const std::vector<TensorType>& inputs, const auto&) {
        return multihead_flops(p, inputs);
      })
      .gradient_flops([](const P& p, const std::vector<TensorType>& inputs, const auto&) {
        return multihead_gradient_flops(p, inputs);
      })
      .keeps_bytes([](const P& p, const std::vector<TensorType>& inputs, const auto&) {
        return bytes_of(multihead_kept(p, inputs), inputs[0]);
      })
      .keeps({"query", "key", "value", "mask"})
      .source(
          "torch.nn.MultiheadAttention; Vaswani et al. 2017, arXiv:1706.03762, section 3.2; Su "
          "et al. 2021, arXiv:2104.09864 (rotary)")
      .example("multihead_attention: { heads: 2, dropout: 0.25, rotary: true }",
               {"f32[3, 4]", "f32[2, 3]", "f32[2, 5]", "bool[2]", "f32[3, 2]"});
}

}  // namespace fdl::catalog
