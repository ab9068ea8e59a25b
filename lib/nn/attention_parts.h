#pragma once

#include <ATen/core/Tensor.h>

#include "lib/nn/dropout.h"

// Attention by libtorch's operators, one by one. Axis letters as in attention.h.
namespace fdl::nn {

// [B, S, K * W] -> [B, K * num_shared, S, W]; num_shared neighbours share a head.
at::Tensor to_heads(const at::Tensor& x, std::int64_t num_heads, std::int64_t num_shared);

// The mask, bool or numbers to add, that also says that query t sees keys 0 to t; `mask` may be
// undefined. T, S: sizes.
at::Tensor with_causal(const at::Tensor& mask, std::int64_t T, std::int64_t S, at::Device device);

// mask: bool (true = seen) or numbers to add, which broadcast to [B, N, T, S]; may be undefined.
// Returns [B, N, T, V]; `weights`, where given, gets those of all heads, after dropout.
at::Tensor attend_by_parts(const at::Tensor& q_BNTW, const at::Tensor& k_BNSW,
                           const at::Tensor& v_BNSV, const at::Tensor& mask, const Dropout& dropout,
                           at::Tensor* weights = nullptr);

}  // namespace fdl::nn
