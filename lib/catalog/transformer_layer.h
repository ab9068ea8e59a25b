#pragma once

#include "lib/catalog/multihead.h"

// What the layers of an encoder and of a decoder share.
namespace fdl::catalog {

struct TransformerLayerParams {
  std::int64_t d_model = 0;
  std::int64_t nhead = 0;
  std::int64_t dim_feedforward = 2048;
  double dropout = 0.1;
  std::string activation = "relu";
  double layer_norm_eps = 1e-5;
  bool norm_first = false;
  bool bias = true;
  bool causal = false;
};

// The layer's attention: to itself, or to the encoder's output.
MultiheadParams attention_of(const TransformerLayerParams& p, bool to_itself);

// input: src or tgt [B, T, d_model] with its masks, whose width becomes d_model. Empty when all
// fits.
std::optional<std::string> layer_misfit(TransformerLayerParams& p, const TensorType& input,
                                        const TensorType& mask, const TensorType& attn_mask);

// PyTorch's names: self_attn, multihead_attn (with_memory), linear1, linear2, norm1, norm2, norm3
// (with_memory).
std::vector<TensorSpec> layer_tensors(const TransformerLayerParams& p, bool with_memory);

// `memory` is null in an encoder.
Dim layer_flops(const TransformerLayerParams& p, const TensorType& input, const TensorType* memory);
// All gradients go through all but what the attention does first with what comes in.
GradientFlops layer_gradient_flops(const TransformerLayerParams& p, const TensorType& input,
                                   const TensorType* memory);
// Numbers kept for the backward pass beside the inputs. `fuses`: as for attention_kept.
Dim layer_kept(const TransformerLayerParams& p, const TensorType& input, const TensorType* memory,
               bool fuses = true);

// What both kinds declare of their backward pass. `memory_of(inputs)`: the encoder's output or
// null.
template <typename P, typename F>
ModuleBuilder<P> layer_backward(ModuleBuilder<P> builder, F memory_of) {
  using Types = std::vector<TensorType>;
  return builder
      .gradient_flops([=](const P& p, const Types& inputs, const Types&) {
        return layer_gradient_flops(p, inputs[0], memory_of(inputs));
      })
      .keeps_bytes([=](const P& p, const Types& inputs, const Types&) {
        return bytes_of(layer_kept(p, inputs[0], memory_of(inputs)), inputs[0]);
      });
}

template <typename P>
ModuleBuilder<P> declare_transformer_layer(const std::string& name, std::string summary) {
  using config::above, config::alias, config::at_least, config::at_least_and_below, config::between,
      config::choices, config::inferred, config::main_field, config::required;
  return declare<P>(name, std::move(summary))
      .param("d_model", &P::d_model, "Length of the last axis.", inferred, at_least(1))
      .param("nhead", &P::nhead, "Heads of the attention.", required, main_field, alias("heads"),
             between(1, 65536))
      .param("dim_feedforward", &P::dim_feedforward, "Length between the two linear layers.",
             alias("hidden"), at_least(1))
      .param("dropout", &P::dropout,
             "Probability of a zero in training: of attention weights, and after each sublayer.",
             at_least_and_below(0, 1))
      .param("activation", &P::activation, "What stands between the two linear layers.",
             choices({"relu", "gelu"}))
      .param("layer_norm_eps", &P::layer_norm_eps, "Added to the variance before the square root.",
             above(0))
      .param("norm_first", &P::norm_first, "Normalise before each sublayer and not after its sum.")
      .param("bias", &P::bias, "Add learned vectors in linear layers, norms and attention.")
      .param("causal", &P::causal, "Position t sees positions 0 to t of its own sequence alone.")
      .draws();
}

}  // namespace fdl::catalog
