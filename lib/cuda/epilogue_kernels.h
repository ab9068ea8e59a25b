#pragma once

#include <cuda_runtime_api.h>

#include "lib/cuda/epilogue.h"

namespace fdl::cuda {

cudaError_t launch_epilogue(const Epilogue& task, cudaStream_t stream);
cudaError_t launch_epilogue_gradients(const Epilogue& task, const EpilogueGradients& gradients,
                                      cudaStream_t stream);

}  // namespace fdl::cuda
