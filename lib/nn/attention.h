#pragma once

#include <ATen/core/Tensor.h>

#include "lib/catalog/multihead.h"
#include "lib/nn/dropout.h"
#include "lib/nn/forward.h"

// Axis letters: B batch, T positions of the query, S of the key, E width, N heads, K heads of key
// and value, W width of a head, V of a value's head.
namespace fdl::nn {

// How the weights come out of the scores, and go on.
struct AttentionWay {
  Dropout dropout;
  bool fuses = false;             // where fused_attention.h can, which keeps no scores
  at::Tensor* weights = nullptr;  // where given, gets those of all heads, [B, N, T, S]

  bool may_fuse() const { return fuses && weights == nullptr; }
};
// Of the node that is running, or of one of its places that drop.
AttentionWay attention_way(const StepContext& context, double dropout);
AttentionWay attention_way(const StepContext& context, double dropout, std::uint64_t place);

// inputs: query [B, T, N * W], key [B, S, K * W], value [B, S, K * V], mask [B, S], attn_mask
// [B, T, S] or [B, N, T, S]; undefined where absent. Returns [B, T, N * V]. A query that may see
// nothing gets zeros.
//   cost     O(B * N * T * S) memory where weights are dropped; little otherwise.
//   source   Vaswani et al. 2017, arXiv:1706.03762, equation 1.
at::Tensor attend(const catalog::AttentionOptions& p, const std::vector<at::Tensor>& inputs,
                  const AttentionWay& way);

// Likewise with the projections that `own` has under `prefix`; inputs as the catalogue's. An
// undefined key stands for the query, an undefined value for the key.
at::Tensor multihead(const catalog::MultiheadParams& p, const Tensors& own,
                     const std::string& prefix, const std::vector<at::Tensor>& inputs,
                     const AttentionWay& way);

}  // namespace fdl::nn
