#include "lib/catalog/modules/transformer_encoder_layer.h"

#include "lib/nn/declarations.h"
#include "lib/nn/transformer_layer.h"

namespace fdl::nn {
namespace {

// inputs: src [B, T, D], mask, attn_mask.
Outputs transformer_encoder_layer(const catalog::TransformerEncoderLayerParams& p,
                                  const Tensors& own, const std::vector<at::Tensor>& inputs,
                                  StepContext& context) {
  const TransformerLayer layer(p, own, context);
  return {layer.feed_forward(layer.attend_to_itself(inputs[0], inputs[1], inputs[2]), "norm2")};
}

}  // namespace

Forward forward_transformer_encoder_layer() { return forward_of(transformer_encoder_layer); }

}  // namespace fdl::nn
