#pragma once

#include "lib/catalog/transformer_layer.h"

namespace fdl::catalog {

struct TransformerDecoderLayerParams : TransformerLayerParams {};

// inputs: tgt, memory, mask, attn_mask, memory_mask.
inline TypeResult decoder_types(TransformerLayerParams& p, const std::vector<TensorType>& inputs) {
  const TensorType &tgt = inputs[0], &memory = inputs[1];
  if (auto why = layer_misfit(p, tgt, inputs[2], inputs[3])) return tl::unexpected(*why);
  if (memory.shape.size() != 3)
    return tl::unexpected(wrong_shape("memory", "[B, S, d_model]", memory));
  const Dim batch = tgt.shape[0], num_keys = memory.shape[1];
  if (auto why = misfit({{"memory", memory, {batch, num_keys, p.d_model}, tgt.dtype},
                         {"memory_mask", inputs[4], {batch, num_keys}, DType::Bool}}))
    return tl::unexpected(*why);
  return std::vector<TensorType>{tgt};
}

inline ModuleSpec transformer_decoder_layer_spec() {
  using P = TransformerDecoderLayerParams;
  return layer_backward(
             mask_inputs(
                 declare_transformer_layer<P>(
                     "transformer_decoder_layer",
                     "Self-attention, attention to an encoder's output and two linear layers, "
                     "each with a sum and a layer norm.")
                     .input("tgt", DTypeClass::Floating)
                     .input("memory", DTypeClass::Floating))
                 .optional_input("memory_mask", DTypeClass::Any)
                 .tensors([](const P& p) { return layer_tensors(p, true); })
                 .types(std::string("tgt [B, T, d_model], memory [B, S, d_model] -> [B, T, "
                                    "d_model]; of tgt: ") +
                            kMaskShapes + "; memory_mask bool[B, S]",
                        decoder_types)
                 .flops([](const P& p, const std::vector<TensorType>& inputs, const auto&) {
                   return layer_flops(p, inputs[0], &inputs[1]);
                 }),
             [](const std::vector<TensorType>& inputs) -> const TensorType* { return &inputs[1]; })
      .keeps({"tgt", "memory", "mask", "memory_mask"})
      .source(
          "torch.nn.TransformerDecoderLayer; Vaswani et al. 2017, arXiv:1706.03762, section "
          "3.1")
      .example(
          "transformer_decoder_layer: { heads: 2, hidden: 3, norm_first: true, activation: "
          "gelu }",
          {"f32[3, 4]", "f32[2, 4]", "bool[3]", "f32[3, 3]", "bool[2]"});
}

}  // namespace fdl::catalog
