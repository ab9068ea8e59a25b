#pragma once

#include <cstdint>
#include <cuda_runtime_api.h>

#include "lib/cuda/tasks.h"

namespace fdl::cuda {

// Fills `out` [draw.num_rows, row_elements] on that stream.
cudaError_t launch_mask(float* out, std::int64_t row_elements, const MaskDraw& draw,
                        cudaStream_t stream);

// Likewise f64.
cudaError_t launch_noise(double* out, std::int64_t row_elements, Noise noise, const Draw& draw,
                         cudaStream_t stream);

// What a recorded step begins with: `lr`, `scale` and `step` from pinned memory, no reason to skip,
// one update to count.
struct StepStart {
  const float *lr_here, *scale_here;
  const std::int64_t* step_here;
  float *lr, *scale, *skips, *counts;
  std::int64_t* step;
};
cudaError_t launch_start(const StepStart& start, cudaStream_t stream);

// Stretches of f32, as many as a kernel takes at once.
struct Stretches {
  static constexpr int kMost = 160;
  const float* at[kMost];
  std::int64_t num_elements[kMost];
  int count = 0;
};
// Where one of them is not finite, `skips` becomes 1 and `counts` 0.
cudaError_t launch_find_not_finite(const Stretches& stretches, float* skips, float* counts,
                                   cudaStream_t stream);

// Pieces of memory, as many as a kernel takes at once.
struct Copies {
  static constexpr int kMost = 128;
  const void* from[kMost];
  void* to[kMost];
  std::int64_t bytes[kMost];
  int count = 0;
};
cudaError_t launch_copies(const Copies& copies, cudaStream_t stream);

cudaError_t launch_softmax_loss(const SoftmaxLossTask& task, cudaStream_t stream);
cudaError_t launch_softmax_loss_gradient(const SoftmaxLossTask& task, const float* given,
                                         float* gradient, cudaStream_t stream);

// Numbers as three of bf16, of which the first is nearest: which of them are written, in this
// order.
struct SplitParts {
  int count;
  int which[6];
};
// out: bf16, `parts` side by side in each row, or one below the other, of f32[rows, columns].
cudaError_t launch_split(const float* x, std::int64_t rows, std::int64_t columns,
                         bool is_along_rows, const SplitParts& parts, void* out,
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
