#pragma once

#include <cstddef>
#include <cuda_runtime_api.h>

#include "lib/cuda/update_task.h"

namespace fdl::cuda {

// Bytes on the device that a parameter's update needs while it runs.
constexpr std::size_t kPreparedBytes = 48;

// `prepared`: kPreparedBytes for each place.
cudaError_t launch_update(const UpdateTask& task, void* prepared, cudaStream_t stream);

}  // namespace fdl::cuda
