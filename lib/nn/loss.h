#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/catalog/entry_spec.h"

// The computing half of lib/catalog/losses.
namespace fdl::nn {

struct LossValue {
  at::Tensor mean;  // a scalar, differentiable; with `reduction: sum` it is the sum
  // What the mean has divided by, and so the weight of this batch in a mean over several: the
  // number of targets, or the sum of their classes' weights. 1 of a sum.
  double weight = 0;
  bool is_sum = false;
};

// What a loss compares, one for each of EntrySpec::compared: usually output and target. An optional
// one that is not given is undefined.
using Compared = std::vector<at::Tensor>;
using Loss = std::function<LossValue(const Compared& compared)>;

// The loss of a manifest for tensors of these types, which carry the batch axis and have been found
// to fit (EntrySpec::fits). Its class axis is chosen here, once, by those types. `choice` may go
// before the result does.
// `fuses`: by a kernel of our own where there is one, which gives the same but for rounding.
Loss bind_loss(const catalog::Choice& choice, const catalog::TensorTypes& types,
               bool fuses = false);

}  // namespace fdl::nn
