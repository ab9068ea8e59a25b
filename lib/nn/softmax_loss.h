#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "lib/nn/loss.h"

// Cross entropy of class numbers as one step, with the gradient made on the way: no logarithms of
// all probabilities are kept.
namespace fdl::nn {

// Whether it can: scores f32[N, C], truth i64[N], both on the CPU and without gaps.
bool takes_softmax_loss(const at::Tensor& scores, const at::Tensor& truth);

struct SoftmaxLoss {
  at::Tensor value;  // a scalar, differentiable by the scores
  std::int64_t num_targets = 0;
};

// As at::cross_entropy_loss without class weights: over the targets other than `ignored` their
// mean, which is nan of none, or their sum. `smoothing` is spread over all classes. Adds up in
// double. Throws c10::IndexError for a target that is no class.
SoftmaxLoss softmax_loss(const at::Tensor& scores, const at::Tensor& truth, std::int64_t ignored,
                         double smoothing, bool is_mean);

// The catalogue's cross_entropy by it, and by libtorch's operators where it cannot.
Loss fused_cross_entropy(const catalog::Choice& choice, const catalog::TensorTypes& types);

}  // namespace fdl::nn
