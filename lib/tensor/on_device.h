#pragma once

#include <ATen/core/Tensor.h>

namespace fdl::tensor {

// The tensor itself where it is there already: to ask libtorch costs as much as a small operator.
inline at::Tensor on_device(const at::Tensor& t, at::Device device) {
  return t.device() == device ? t : t.to(device);
}

}  // namespace fdl::tensor
