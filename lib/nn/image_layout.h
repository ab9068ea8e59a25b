#pragma once

#include <ATen/core/Tensor.h>

namespace fdl::nn {

// Whether the channels of images [N, C, H, W] are last in memory, so that the numbers of a pixel are
// neighbours, and that is not the usual order too.
inline bool has_channels_last(const at::Tensor& x) {
  return x.dim() == 4 && !x.is_contiguous() && x.is_contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace fdl::nn
