#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/catalog/entry_spec.h"

// The computing half of lib/catalog/losses.
namespace fdl::nn {

// What a mean over targets has divided by: their number, or the sum of their classes' weights. Of
// targets on a GPU it is counted there, and waited for when it is asked for.
class TargetWeight {
 public:
  TargetWeight(double known) : known_(known) {}
  explicit TargetWeight(at::Tensor counted) : counted_(std::move(counted)) {}

  operator double() const { return counted_.defined() ? counted_.item<double>() : known_; }
  // A scalar on the GPU; undefined where the number is known.
  const at::Tensor& counted() const { return counted_; }
  at::Tensor mean_of(const at::Tensor& sum) const {
    return counted_.defined() ? sum.div(counted_) : sum.div(known_);
  }

 private:
  double known_ = 0;
  at::Tensor counted_;
};

struct LossValue {
  at::Tensor mean;  // a scalar, differentiable; with `reduction: sum` it is the sum
  // The weight of this batch in a mean over several. 1 of a sum.
  TargetWeight weight = 0;
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
