#pragma once

#include <ATen/core/Tensor.h>

#include "lib/nn/step_context.h"

// Dropout by our own masks, as a module and as a part of others.
namespace fdl::nn {

// A place where values are dropped: with which probability, and from which numbers.
struct Dropout {
  double p = 0;  // 0 outside training
  tensor::StepKey key;
  tensor::Lanes lanes;

  bool is_active() const { return p > 0; }
  // x [B, ...]; drops each value by itself, in lanes by sample.
  at::Tensor operator()(const at::Tensor& x) const;
};

// The one place of the node that is running.
Dropout dropout_of(const StepContext& context, double p);
// One of several places: each has a number of its own.
Dropout dropout_of(const StepContext& context, double p, std::uint64_t place);

}  // namespace fdl::nn
