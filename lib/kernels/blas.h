#pragma once

#include <cstdint>

#include "lib/kernels/aligned.h"
#include "lib/kernels/gemm.h"

// The BLAS inside libtorch, without its dispatcher and without what gemm.h chooses beside it.
namespace fdl::kernels {

// As multiply of gemm.h, in one call.
void multiply_blas(Factor a, Factor b, float* out, std::int64_t stride, ProductSize size,
                   bool adds);

// The same, and last bits may differ: where few rows have many columns each thread makes a call.
void multiply_shared(Factor a, Factor b, float* out, std::int64_t stride, ProductSize size,
                     bool adds);

// A right factor [k, n], put in order once for left ones of `rows` rows, where the BLAS can do
// that. The copy is not libtorch's memory: MKL asks for up to 10 MB more than it writes.
class BlasRight {
 public:
  BlasRight(Factor b, std::int64_t n, std::int64_t k, std::int64_t rows);

  bool is_packed() const { return packed_ != nullptr; }
  void multiply(const float* a, std::int64_t a_stride, float* out, std::int64_t stride,
                bool adds) const;

 private:
  AlignedArray<float> packed_;
  std::int64_t b_stride_, n_, k_, rows_;
};

// libtorch's own sgemm, whoever calls: see called_by_libtorch.cpp.
using Sgemm = void (*)(const char* turns_a, const char* turns_b, const int* m, const int* n,
                       const int* k, const float* alpha, const float* a, const int* lda,
                       const float* b, const int* ldb, const float* beta, float* c, const int* ldc);
Sgemm libtorch_sgemm();

}  // namespace fdl::kernels
