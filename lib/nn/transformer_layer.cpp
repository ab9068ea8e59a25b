#include "lib/nn/transformer_layer.h"

#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>

#include "lib/nn/attention.h"
#include "lib/nn/dropout.h"

namespace fdl::nn {

at::Tensor TransformerLayer::normalised(const at::Tensor& x, const std::string& norm) const {
  return at::layer_norm(x, p_.d_model, own_[norm + ".weight"], own_[norm + ".bias"],
                        p_.layer_norm_eps);
}

template <typename Sublayer>
at::Tensor TransformerLayer::add(const at::Tensor& x, const std::string& norm, Place place,
                                 Sublayer sublayer) const {
  const Dropout dropout = dropout_of(context_, p_.dropout, static_cast<std::uint64_t>(place));
  if (p_.norm_first) return x.add(dropout(sublayer(normalised(x, norm))));
  return normalised(x.add(dropout(sublayer(x))), norm);
}

at::Tensor TransformerLayer::attend_to_itself(const at::Tensor& x, const at::Tensor& mask,
                                              const at::Tensor& attn_mask) const {
  const AttentionWay way =
      attention_way(context_, p_.dropout, static_cast<std::uint64_t>(Place::Weights));
  return add(x, "norm1", Place::Output, [&](const at::Tensor& y) {
    return multihead(attention_of(p_, true), own_, "self_attn.", {y, {}, {}, mask, attn_mask}, way);
  });
}

at::Tensor TransformerLayer::attend_to(const at::Tensor& memory, const at::Tensor& x,
                                       const at::Tensor& memory_mask) const {
  const AttentionWay way =
      attention_way(context_, p_.dropout, static_cast<std::uint64_t>(Place::MemoryWeights));
  return add(x, "norm2", Place::MemoryOutput, [&](const at::Tensor& y) {
    return multihead(attention_of(p_, false), own_, "multihead_attn.",
                     {y, memory, {}, memory_mask, {}}, way);
  });
}

at::Tensor TransformerLayer::feed_forward(const at::Tensor& x, const std::string& norm) const {
  const Dropout inside =
      dropout_of(context_, p_.dropout, static_cast<std::uint64_t>(Place::Inside));
  return add(x, norm, Place::Last, [&](const at::Tensor& y) {
    const at::Tensor wide = at::linear(y, own_["linear1.weight"], own_["linear1.bias"]);
    const at::Tensor bent = p_.activation == "gelu" ? at::gelu(wide) : at::relu(wide);
    return at::linear(inside(bent), own_["linear2.weight"], own_["linear2.bias"]);
  });
}

}  // namespace fdl::nn
