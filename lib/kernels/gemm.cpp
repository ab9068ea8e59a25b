#include "lib/kernels/gemm.h"

#include "lib/base/check.h"

// Weak, as not every libtorch has it: MKL is a part of it, another BLAS may be another library.
extern "C" [[gnu::weak]] void sgemm_(const char* turns_a, const char* turns_b, const int* m,
                                     const int* n, const int* k, const float* alpha, const float* a,
                                     const int* lda, const float* b, const int* ldb,
                                     const float* beta, float* c, const int* ldc);

namespace fdl::kernels {
namespace {

int narrow(std::int64_t size) {
  FDL_CHECK(size <= INT32_MAX);
  return static_cast<int>(size);
}

}  // namespace

bool has_blas() { return sgemm_ != nullptr; }

// BLAS knows columns, so that each matrix here is to it its transpose: out^T = b^T a^T.
void multiply(Factor a, Factor b, float* out, std::int64_t stride, ProductSize size, bool adds) {
  const int m = narrow(size.m), n = narrow(size.n), k = narrow(size.k);
  const int lda = narrow(a.stride), ldb = narrow(b.stride), ldc = narrow(stride);
  const float one = 1, beta = adds ? 1.0F : 0.0F;
  sgemm_(b.is_turned ? "T" : "N", a.is_turned ? "T" : "N", &n, &m, &k, &one, b.data, &ldb, a.data,
         &lda, &beta, out, &ldc);
}

}  // namespace fdl::kernels
