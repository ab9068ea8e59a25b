#pragma once

#include <ATen/core/Tensor.h>

namespace fdl::nn {

// at::max_pool2d(x, 2) to the bit, its gradient too: x [N, C, H, W] -> [N, C, H / 2, W / 2]. f32 on
// the CPU takes a loop of our own that keeps no places, all else libtorch's.
at::Tensor max_pool_2x2(const at::Tensor& x);

}  // namespace fdl::nn
