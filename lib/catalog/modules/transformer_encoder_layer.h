#pragma once

#include "lib/catalog/transformer_layer.h"

namespace fdl::catalog {

struct TransformerEncoderLayerParams : TransformerLayerParams {};

inline ModuleSpec transformer_encoder_layer_spec() {
  using P = TransformerEncoderLayerParams;
  return layer_backward(
             mask_inputs(
                 declare_transformer_layer<P>(
                     "transformer_encoder_layer",
                     "Self-attention and two linear layers, each with a sum and a layer norm.")
                     .input("src", DTypeClass::Floating))
                 .tensors([](const P& p) { return layer_tensors(p, false); })
                 .types(std::string("src [B, T, d_model] -> the same; ") + kMaskShapes,
                        [](P& p, const std::vector<TensorType>& inputs) -> TypeResult {
                          if (auto why = layer_misfit(p, inputs[0], inputs[1], inputs[2]))
                            return tl::unexpected(*why);
                          return std::vector<TensorType>{inputs.front()};
                        })
                 .flops([](const P& p, const TensorType& src, const TensorType&) {
                   return layer_flops(p, src, nullptr);
                 }),
             [](const std::vector<TensorType>&) -> const TensorType* { return nullptr; })
      .keeps({"src", "mask"})
      .source(
          "torch.nn.TransformerEncoderLayer; Vaswani et al. 2017, arXiv:1706.03762, section "
          "3.1")
      .example("transformer_encoder_layer: { heads: 2, hidden: 3, activation: gelu }",
               {"f32[3, 4]", "bool[3]", "f32[3, 3]"});
}

}  // namespace fdl::catalog
