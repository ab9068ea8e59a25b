#pragma once

#include <optional>
#include <string>

#include <ATen/core/Tensor.h>

#include "lib/base/result.h"
#include "lib/job/job.h"

namespace fdl::train {

// The device that a job asks for, made ready: this thread's work on it goes to a stream of its own,
// and libtorch takes kernels that give the same bits each time, or the fastest ones, as it says.
// Before anything else that could ask libtorch about CUDA. `auto` is the CPU where no GPU can be
// used. Errors: FDL5501, FDL5502.
Result<at::Device> open_device(const job::Training& training);

// As a record names it: "cpu", or the GPU's name.
std::string device_name(at::Device device);

// The most memory that tensors had on a GPU at one time; none on the CPU.
std::optional<std::int64_t> peak_gpu_bytes(at::Device device);

}  // namespace fdl::train
