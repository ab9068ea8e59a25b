#include "lib/catalog/modules/transformer_decoder_layer.h"

#include "lib/nn/declarations.h"
#include "lib/nn/transformer_layer.h"

namespace fdl::nn {
namespace {

// inputs: tgt [B, T, D], memory [B, S, D], mask, attn_mask, memory_mask.
Outputs transformer_decoder_layer(const catalog::TransformerDecoderLayerParams& p,
                                  const Tensors& own, const std::vector<at::Tensor>& inputs,
                                  StepContext& context) {
  const TransformerLayer layer(p, own, context);
  const at::Tensor x = layer.attend_to_itself(inputs[0], inputs[2], inputs[3]);
  return {layer.feed_forward(layer.attend_to(inputs[1], x, inputs[4]), "norm3")};
}

}  // namespace

Forward forward_transformer_decoder_layer() { return forward_of(transformer_decoder_layer); }

}  // namespace fdl::nn
