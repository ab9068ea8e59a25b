#pragma once

#include <ATen/core/Tensor.h>

#include "lib/catalog/transformer_layer.h"
#include "lib/nn/forward.h"

// One layer of a transformer as it runs. Borrows everything; lives as long as one forward.
namespace fdl::nn {

class TransformerLayer {
 public:
  TransformerLayer(const catalog::TransformerLayerParams& p, const Tensors& own,
                   const StepContext& context)
      : p_(p), own_(own), context_(context) {}

  // Each takes and gives [B, T, d_model], with its sum and its norm. Masks may be undefined.
  at::Tensor attend_to_itself(const at::Tensor& x, const at::Tensor& mask,
                              const at::Tensor& attn_mask) const;
  at::Tensor attend_to(const at::Tensor& memory, const at::Tensor& x,
                       const at::Tensor& memory_mask) const;
  at::Tensor feed_forward(const at::Tensor& x, const std::string& norm) const;

 private:
  // Numbers of the places where values are dropped; they are part of every run's randomness.
  enum class Place : std::uint64_t { Weights, Output, MemoryWeights, MemoryOutput, Inside, Last };

  template <typename Sublayer>
  at::Tensor add(const at::Tensor& x, const std::string& norm, Place place,
                 Sublayer sublayer) const;
  at::Tensor normalised(const at::Tensor& x, const std::string& norm) const;

  const catalog::TransformerLayerParams& p_;
  const Tensors& own_;
  const StepContext& context_;
};

}  // namespace fdl::nn
