#pragma once

#include <ATen/core/Tensor.h>

#include "lib/catalog/modules/batch_norm.h"
#include "lib/nn/forward.h"

namespace fdl::nn {

// What batch_norm owns; any may be undefined.
struct ChannelTensors {
  at::Tensor weight, bias, running_mean, running_var;  // [C]
};
ChannelTensors channel_tensors(const Tensors& own);

// Counts one more batch, and returns the weight of its statistics in the running ones.
double count_batch(const catalog::BatchNormParams& p, const Tensors& own);

// Whether batch_norm_channels takes it: f32 on the CPU, with channels last.
bool fits_batch_norm_channels(const at::Tensor& x, const ChannelTensors& own);

// at::batch_norm by the batch: x [N, C, H, W] -> the same, by the mean and variance of each
// channel, which go into the running statistics with the weight `newest`. Sums are f64: libtorch's
// own for this layout are f32, and two to four times less exact than those for the usual one.
at::Tensor batch_norm_channels(const at::Tensor& x, const ChannelTensors& own, double newest,
                               double eps);

}  // namespace fdl::nn
