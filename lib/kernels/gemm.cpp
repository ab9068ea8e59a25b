#include "lib/kernels/gemm.h"

#include "lib/base/check.h"

#ifndef __x86_64__
#include <ATen/ops/addmm.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>
#endif

#ifdef __x86_64__
// Matrices are column-major; sizes are 32-bit.
extern "C" void sgemm_(const char* transa, const char* transb, const int* m, const int* n,
                       const int* k, const float* alpha, const float* a, const int* lda,
                       const float* b, const int* ldb, const float* beta, float* c, const int* ldc);
#endif

namespace fdl::kernels {
namespace {

struct Sizes {
  std::int64_t m, n, k;
};

#ifdef __x86_64__

int narrow(std::int64_t size) {
  FDL_CHECK(size <= INT32_MAX);
  return static_cast<int>(size);
}

// As row-major matrices are their own transposes in column-major: out^T = b^T a^T.
void gemm(const float* a, bool turns_a, const float* b, bool turns_b, float* out, Sizes s,
          bool adds) {
  const int m = narrow(s.m), n = narrow(s.n), k = narrow(s.k);
  const int lda = turns_a ? m : k, ldb = turns_b ? k : n;
  const float alpha = 1, beta = adds ? 1.0F : 0.0F;
  sgemm_(turns_b ? "T" : "N", turns_a ? "T" : "N", &n, &m, &k, &alpha, b, &ldb, a, &lda, &beta, out,
         &n);
}

#else

void gemm(const float* a, bool turns_a, const float* b, bool turns_b, float* out, Sizes s,
          bool adds) {
  const auto matrix = [](const float* at, std::int64_t rows, std::int64_t columns, bool turns) {
    const at::Tensor whole = at::from_blob(
        const_cast<float*>(at),
        turns ? at::IntArrayRef{columns, rows} : at::IntArrayRef{rows, columns}, at::kFloat);
    return turns ? whole.t() : whole;
  };
  const at::Tensor x = matrix(a, s.m, s.k, turns_a), y = matrix(b, s.k, s.n, turns_b);
  at::Tensor made = matrix(out, s.m, s.n, false);
  if (adds)
    made.addmm_(x, y);
  else
    at::mm_out(made, x, y);
}

#endif

}  // namespace

void product(const float* a, const float* b, float* out, std::int64_t m, std::int64_t n,
             std::int64_t k, bool adds) {
  gemm(a, false, b, false, out, {m, n, k}, adds);
}

void product_by_transposed(const float* a, const float* b, float* out, std::int64_t m,
                           std::int64_t n, std::int64_t k, bool adds) {
  gemm(a, false, b, true, out, {m, n, k}, adds);
}

void product_of_transposed(const float* a, const float* b, float* out, std::int64_t m,
                           std::int64_t n, std::int64_t k, bool adds) {
  gemm(a, true, b, false, out, {m, n, k}, adds);
}

}  // namespace fdl::kernels
