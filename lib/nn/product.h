#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "lib/kernels/gemm.h"
#include "lib/nn/gates.h"

// The products of a recurrent layer by kernels/gemm.h, which must have a BLAS.
namespace fdl::nn {

// A weight [N, K] by which many rows are multiplied. The tensor's memory must outlive it.
class Weight {
 public:
  enum class Side { Transposed, Straight };  // [R, K] -> [R, N], or [R, N] -> [R, K]

  // packed_rows: see kernels::RightFactor. The copy is not libtorch's memory.
  Weight(const at::Tensor& weight_NK, Side side, std::int64_t packed_rows);

  // out = x * factor, or added to it.
  void multiply(In x, std::int64_t num_rows, Out out, bool adds) const;

 private:
  kernels::RightFactor factor_;
};

// out [N, K] = g [R, N] transposed * x [R, K], or added to it: a weight's gradient.
void multiply_transposed(In g_RN, In x_RK, std::int64_t num_rows, const at::Tensor& out_NK,
                         bool adds);

}  // namespace fdl::nn
