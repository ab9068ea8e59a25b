#include "lib/catalog/transformer_layer.h"

namespace fdl::catalog {

MultiheadParams attention_of(const TransformerLayerParams& p, bool to_itself) {
  MultiheadParams out;
  out.num_heads = out.num_kv_heads = p.nhead;
  out.embed_dim = out.kdim = out.vdim = p.d_model;
  out.dropout = p.dropout;
  out.bias = p.bias;
  out.causal = p.causal && to_itself;
  return out;
}

std::optional<std::string> layer_misfit(TransformerLayerParams& p, const TensorType& input,
                                        const TensorType& mask, const TensorType& attn_mask) {
  MultiheadParams attention = attention_of(p, true);
  const TensorType none = TensorType::absent();
  if (auto why = multihead_misfit(attention, {input, none, none, mask, attn_mask})) return why;
  p.d_model = attention.embed_dim;
  return std::nullopt;
}

std::vector<TensorSpec> layer_tensors(const TransformerLayerParams& p, bool with_memory) {
  std::vector<TensorSpec> out = multihead_tensors(attention_of(p, true), "self_attn.");
  if (with_memory) append(out, multihead_tensors(attention_of(p, false), "multihead_attn."));
  append(out, linear_part("linear1", p.d_model, p.dim_feedforward, p.bias));
  append(out, linear_part("linear2", p.dim_feedforward, p.d_model, p.bias));
  for (const char* name : {"norm1", "norm2", "norm3"}) {
    if (with_memory || std::string(name) != "norm3")
      append(out, norm_part(name, p.d_model, p.bias));
  }
  return out;
}

Dim layer_flops(const TransformerLayerParams& p, const TensorType& input,
                const TensorType* memory) {
  const TensorType none = TensorType::absent();
  Dim out = multihead_flops(attention_of(p, true), {input, none, none, none, none});
  if (memory != nullptr)
    out = out + multihead_flops(attention_of(p, false), {input, *memory, none, none, none});
  const Dim num_norms = memory != nullptr ? 3 : 2;
  return out + num_elements(input.shape) * (Dim(4) * Dim(p.dim_feedforward) + Dim(8) * num_norms);
}

GradientFlops layer_gradient_flops(const TransformerLayerParams& p, const TensorType& input,
                                   const TensorType* memory) {
  const TensorType none = TensorType::absent();
  const Dim linears = num_elements(input.shape) * Dim(4) * Dim(p.dim_feedforward);
  GradientFlops out =
      multihead_gradient_flops(attention_of(p, true), {input, none, none, none, none});
  if (memory != nullptr) {
    const MultiheadParams attention = attention_of(p, false);
    const std::vector<TensorType> inputs = {input, *memory, none, none, none};
    const GradientFlops second = multihead_gradient_flops(attention, inputs);
    const Dim query = query_projection_flops(attention, inputs);  // comes from the first one
    out.inputs = out.inputs + second.inputs - query;
    out.tensors = out.tensors + second.tensors;
  }
  out.tensors = out.tensors + linears;
  out.either = Dim(2) * layer_flops(p, input, memory) - out.inputs - out.tensors;
  return out;
}

Dim layer_kept(const TransformerLayerParams& p, const TensorType& input, const TensorType* memory,
               bool fuses) {
  const TensorType none = TensorType::absent();
  const Dim rows = input.shape[0] * input.shape[1], sublayers = memory != nullptr ? 3 : 2;
  Dim out = multihead_kept(attention_of(p, true), {input, none, none, none, none}, fuses);
  if (memory != nullptr)
    out = out + multihead_kept(attention_of(p, false), {input, *memory, none, none, none}, fuses);
  // Sums and what the norms make of them, without the layer's own input and output; the norms'
  // means and deviations; between the linear layers what comes out of the first, and is changed.
  const bool drops = p.dropout > 0;
  const Dim wide = drops ? 3 : p.activation == "gelu" ? 2 : 1;
  const Dim masks = drops ? sublayers : Dim(0);
  return out + rows * (Dim(p.d_model) * (Dim(2) * sublayers - Dim(1) + masks) + Dim(2) * sublayers +
                       Dim(p.dim_feedforward) * wide);
}

}  // namespace fdl::catalog
