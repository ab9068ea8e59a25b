#pragma once

#include <ATen/core/Tensor.h>

// The weights of convolutions over two axes, [F, C, I, J] of f32 on the CPU: one channel behind the
// other, or channels last (image_layout.h).
namespace fdl::nn {

// The same values with channels last, in memory that is not libtorch's, for the length of a call.
at::Tensor with_channels_last(const at::Tensor& weight);

// The same values in the usual order, which takes their memory where channels were last in it.
at::Tensor in_usual_order(const at::Tensor& weight);

}  // namespace fdl::nn
