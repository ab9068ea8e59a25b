#pragma once

#include "lib/catalog/attention.h"
#include "lib/catalog/parts.h"

// Attention with learned projections, as a module and as a part of transformer layers.
namespace fdl::catalog {

struct MultiheadParams : AttentionOptions {
  std::int64_t embed_dim = 0;
  std::int64_t kdim = 0;
  std::int64_t vdim = 0;
  bool bias = true;
  bool rotary = false;
  double rotary_base = 10000;

  // Whether one matrix projects query, key and value.
  bool is_packed() const {
    return kdim == embed_dim && vdim == embed_dim && num_kv_heads == num_heads;
  }
  std::int64_t head_width() const { return embed_dim / num_heads; }
  std::int64_t kv_width() const { return head_width() * num_kv_heads; }
};

// Infers embed_dim, kdim and vdim; inputs as AttentionInputs. Empty when all fits.
std::optional<std::string> multihead_misfit(MultiheadParams& p,
                                            const std::vector<TensorType>& inputs);

// in_proj_weight [3E, E], or q_proj_weight [E, E], k_proj_weight [KV, kdim] and v_proj_weight
// [KV, vdim]; in_proj_bias; out_proj.weight [E, E] and out_proj.bias; each after `prefix`.
std::vector<TensorSpec> multihead_tensors(const MultiheadParams& p, const std::string& prefix);

// The four projections and the attention between them.
Dim multihead_flops(const MultiheadParams& p, const std::vector<TensorType>& inputs);
// Of the query's projection alone; the last one takes as many.
Dim query_projection_flops(const MultiheadParams& p, const std::vector<TensorType>& inputs);
// All gradients go through the last projection and the attention.
GradientFlops multihead_gradient_flops(const MultiheadParams& p,
                                       const std::vector<TensorType>& inputs);
// Numbers kept for the backward pass beside the inputs. `fuses`: as for attention_kept.
Dim multihead_kept(const MultiheadParams& p, const std::vector<TensorType>& inputs,
                   bool fuses = true);

}  // namespace fdl::catalog
