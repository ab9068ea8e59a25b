#pragma once

#include <ATen/core/Tensor.h>

#include "lib/catalog/drop.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

// What is lost as a whole: a value, a channel (axis 1) of a sample, or a sample.
enum class DropScope { Value, Channel, Sample };

// 0 with probability p, else 1 / (1 - p), in a shape that broadcasts to x, of its dtype. From the
// node's own stream with one lane per sample, so that a sample's mask does not depend on its batch.
at::Tensor drop_mask(const at::Tensor& x, DropScope scope, double p, const StepContext& context);

template <DropScope kScope>
at::Tensor dropout_of(const catalog::DropParams& p, const Tensors&, const at::Tensor& x,
                      StepContext& context) {
  if (!context.training || p.p == 0) return x;
  return x.mul(drop_mask(x, kScope, p.p, context));
}

// What is lost becomes the bound of SELU for very negative values; then all are scaled and shifted.
at::Tensor alpha_drop(const catalog::DropParams& p, DropScope scope, const at::Tensor& x,
                      const StepContext& context);

template <DropScope kScope>
at::Tensor alpha_dropout_of(const catalog::DropParams& p, const Tensors&, const at::Tensor& x,
                            StepContext& context) {
  if (!context.training || p.p == 0) return x;
  return alpha_drop(p, kScope, x, context);
}

}  // namespace fdl::nn
