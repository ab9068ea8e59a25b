#pragma once

#include <string>

#include <ATen/core/Tensor.h>

#include "lib/base/result.h"
#include "lib/job/rules.h"

namespace fdl::train {

// The device that a job asks for, made ready: this thread's work on it goes to a stream of its own.
// Before anything else that could ask libtorch about CUDA. `auto` is the CPU where no GPU can be
// used. Errors: FDL5501, FDL5502.
Result<at::Device> open_device(const job::DeviceChoice& choice);

// As a record names it: "cpu", or the GPU's name.
std::string device_name(at::Device device);

}  // namespace fdl::train
