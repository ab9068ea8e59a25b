#pragma once

#include <ATen/core/Tensor.h>

// Convolutions over two axes, with their gradients. Those of f32 without groups run on the CPU's
// matrix tiles where it has them and they take less time (kernels/cut_conv.h), or by Winograd's
// minimal filtering (kernels/winograd.h). All others are libtorch's, and so are those with numbers
// that are infinite or none, and gradients of gradients.
namespace fdl::nn {

struct Conv2dSteps {
  at::IntArrayRef stride, padding, dilation;
  std::int64_t groups = 1;
  // Images of f32 that no tiles compute lie with their channels last: what is made does too,
  // and whatever follows keeps that. Otherwise libtorch puts them in order, and back, each time.
  bool puts_channels_last = false;
  // Such images, where it takes less time.
  bool filters_by_winograd = false;
};

// at::conv2d: x [N, C, H, W], weight [F, C, I, J], bias [F] or undefined -> [N, F, P, Q].
at::Tensor convolve2d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      const Conv2dSteps& steps);

// at::conv_transpose2d: x [N, F, P, Q], weight [F, C, I, J], bias [C] or undefined -> [N, C, H, W].
at::Tensor convolve2d_back(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                           const Conv2dSteps& steps, at::IntArrayRef output_padding);

}  // namespace fdl::nn
