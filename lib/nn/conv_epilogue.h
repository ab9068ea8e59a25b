#pragma once

#include <optional>

#include <ATen/core/Tensor.h>

#include "lib/catalog/modules/batch_norm.h"
#include "lib/catalog/modules/max_pool2d.h"
#include "lib/nn/forward.h"

namespace fdl::nn {

// What follows a convolution over two axes in training, in this order; each may be missing.
// lib/plan/conv_blocks.h finds it in graphs.
struct ConvEpilogue {
  at::Tensor bias;                                 // [C], which the convolution left out
  const catalog::BatchNormParams* norm = nullptr;  // with a momentum
  const Tensors* norm_tensors = nullptr;           // of a norm
  at::Tensor added;                                // [N, C, H, W]: a sum with another branch
  bool has_relu = false;
  const catalog::MaxPool2dParams* pool = nullptr;  // small, without gaps
};

// Whether conv_epilogue takes these images: f32, bf16 or f16 on a GPU; on a CPU f32 with channels
// last, where what follows is of plan::BlockKernels::Cpu.
bool takes_conv_epilogue(const at::Tensor& x, const ConvEpilogue& epilogue);

// x [N, C, H, W] -> the same, or pooled; channels last. All images are of one type, the tensors of
// channels f32, and so is what is computed between x and what is made. As libtorch's operators one
// after the other, but in one pass over memory after the statistics, and two backward. With a norm
// the bias has the gradient 0, which libtorch's have but for rounding: it only moves the mean.
at::Tensor conv_epilogue(const at::Tensor& x, const ConvEpilogue& epilogue);

}  // namespace fdl::nn
