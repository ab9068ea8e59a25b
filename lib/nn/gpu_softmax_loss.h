#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

// Cross entropy of class numbers on a GPU: two kernels forward and one back, where libtorch has
// seven, and nothing of the scores' size is kept but the scores.
namespace fdl::nn {

// Whether it can: scores f32[N, C], truth i64[N], both on one GPU and without gaps.
bool takes_gpu_softmax_loss(const at::Tensor& scores, const at::Tensor& truth);

struct GpuSoftmaxLoss {
  at::Tensor value;        // a scalar, differentiable by the scores
  at::Tensor num_targets;  // f64 scalar on the GPU
};

// As softmax_loss(); a target that is no class makes it nan. Waits for nothing.
GpuSoftmaxLoss gpu_softmax_loss(const at::Tensor& scores, const at::Tensor& truth,
                                std::int64_t ignored, double smoothing, bool is_mean);

}  // namespace fdl::nn
