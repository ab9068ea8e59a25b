#pragma once

#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

#include "lib/catalog/entry_spec.h"

// The computing half of lib/catalog/losses.
namespace fdl::nn {

struct LossValue {
  at::Tensor mean;  // a scalar; differentiable
  // How many targets the mean is over: the weight of this batch in a mean over several.
  std::int64_t num_targets = 0;
};

using Loss = std::function<LossValue(const at::Tensor& output, const at::Tensor& target)>;

// The loss of a manifest for an output and a target of these types, which carry the batch axis and
// have been found to fit (EntrySpec::fits). Its class axis is chosen here, once, by those types.
// `choice` may go before the result does.
Loss bind_loss(const catalog::Choice& choice, const catalog::TensorType& output,
               const catalog::TensorType& target);

}  // namespace fdl::nn
