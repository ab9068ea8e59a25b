#pragma once

#include <ATen/core/Tensor.h>

#include "lib/nn/dropout.h"

// Attention on a CPU that keeps two numbers of a query and head for its backward pass, not the
// scores: see lib/kernels/attention.h. Axis letters as in attention.h.
namespace fdl::nn {

struct HeadOptions {
  std::int64_t num_heads, num_kv_heads;
  bool is_causal;
  at::Tensor mask;  // as attend_by_parts takes it, without what is_causal says
  Dropout dropout;  // of the weights; draws what attend_by_parts draws
};

// Whether they can go that way: f32 on a CPU, and no gradient of the mask.
bool takes_fused_attention(const at::Tensor& query_BTE, const at::Tensor& key_BSE,
                           const at::Tensor& value_BSE, const at::Tensor& mask);

// Returns [B, T, N * V], contiguous.
at::Tensor fused_attention(const at::Tensor& query_BTE, const at::Tensor& key_BSE,
                           const at::Tensor& value_BSE, const HeadOptions& options);

// The same of one tensor [B, T, (N + 2 K) * W] with query, key and value side by side, whose
// gradient is one tensor too.
at::Tensor fused_self_attention(const at::Tensor& joint_BTE, const HeadOptions& options);

}  // namespace fdl::nn
