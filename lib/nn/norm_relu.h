#pragma once

#include <ATen/core/Tensor.h>

#include "lib/nn/channel_norm.h"

namespace fdl::nn {

// What stands around the relu behind a norm; not both.
struct NormNeighbours {
  at::Tensor added;    // before it: [N, C, H, W], a sum with another branch
  bool pools = false;  // behind it: max_pool_2x2
};

// max_pool_2x2(relu(batch_norm_channels(x) + added)): x [N, C, H, W] -> the same, or
// [N, C, H / 2, W / 2], with what batch_norm_channels and max_pool_2x2 take. One pass over memory
// after the statistics, and two backward, as nothing in between is written or kept: what the norm
// gave is computed again from x; relu's mask behind a sum is read from what came out.
at::Tensor norm_relu_channels(const at::Tensor& x, const ChannelTensors& own, double newest,
                              double eps, const NormNeighbours& with);

}  // namespace fdl::nn
