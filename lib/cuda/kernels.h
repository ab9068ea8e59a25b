#pragma once

#include <cstdint>

#include <cuda_runtime_api.h>

#include "lib/cuda/mask_draw.h"

namespace fdl::cuda {

// Fills `out` [draw.num_rows, row_elements] on that stream.
cudaError_t launch_mask(float* out, std::int64_t row_elements, const MaskDraw& draw,
                        cudaStream_t stream);

// Scalars and what they are; as many as a kernel takes at once.
struct Scalars {
  static constexpr int kMost = 32;
  enum class Kind : std::uint8_t { F32, F64, I64 };
  const void* at[kMost];
  Kind kinds[kMost];
  int count = 0;
};
cudaError_t launch_write(const Scalars& scalars, double* out, cudaStream_t stream);

}  // namespace fdl::cuda
