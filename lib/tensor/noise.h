#pragma once

#include <ATen/core/Tensor.h>

#include "lib/cuda/tasks.h"
#include "lib/tensor/random.h"

namespace fdl::tensor {

using cuda::Noise;

// Into f64[num_rows, ...], contiguous, on any device. Row r is from lane lanes[r] of the key's
// stream, whose numbers it takes one after the other. On a GPU the same but for a last bit.
void fill_noise(const at::Tensor& out, Noise noise, const StepKey& key, const Lanes& lanes);

}  // namespace fdl::tensor
