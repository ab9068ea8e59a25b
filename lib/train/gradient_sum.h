#pragma once

#include <cstdint>
#include <vector>

#include "lib/base/result.h"
#include "lib/optim/optimizer.h"
#include "lib/train/split.h"

namespace fdl::train {

// The gradients of an update that is made of several batches, as those of one batch of all their
// samples: each loss is the mean over all its targets, whatever their number in each batch. Only
// one batch's activations exist at a time.
class GradientSum {
 public:
  // `num_samples` of all batches; `scale` multiplies each loss before its backward pass, and
  // gradients are divided by it in finish().
  GradientSum(const Split& split, const std::vector<tensor::NamedTensor>& parameters,
              std::int64_t num_samples, double scale);

  // Adds a batch: frees what its forward kept. Errors: FDL5404.
  Result<void> add(const Measured& measured, std::int64_t num_samples);

  // Whether the gradients added up so far are.
  bool is_finite() const;

  // The mean of the loss, and its gradients.
  optim::Evaluation finish();

 private:
  // What is added up under one divisor that is known at the end only.
  struct Sum {
    double loss = 0;
    double weight = 0;
    bool is_asked = false;  // some batch had this loss, with targets or without
    std::vector<at::Tensor> gradients;
  };
  Result<void> add_to(Sum& sum, const at::Tensor& loss, double weight, bool keeps);

  const Split& split_;
  const std::vector<tensor::NamedTensor>& parameters_;
  std::int64_t num_samples_;
  double scale_;
  Sum by_samples_;         // all losses whose share of the update is known at once
  std::vector<Sum> sums_;  // of each other loss
};

// Whether no element is infinite or not a number. Undefined tensors have none.
bool all_finite(const std::vector<at::Tensor>& tensors);

}  // namespace fdl::train
