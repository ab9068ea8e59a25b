// Functions that libtorch and the BLAS in it look up by name, which an executable may define before
// them. Every executable that computes links this object, or its bits would differ from the
// engine's.
#include "lib/kernels/blas.h"

// MKL chooses its kernels by the CPU's vendor before its features, and takes a slower path on
// others than Intel's. It asks this: true lets the features decide.
extern "C" int mkl_serv_intel_cpu_true();
extern "C" int mkl_serv_intel_cpu_true() { return 1; }

// libtorch's f32 products come here: those of linear, matmul, attention.
extern "C" void sgemm_(const char* turns_a, const char* turns_b, const int* m, const int* n,
                       const int* k, const float* alpha, const float* a, const int* lda,
                       const float* b, const int* ldb, const float* beta, float* c, const int* ldc);
extern "C" void sgemm_(const char* turns_a, const char* turns_b, const int* m, const int* n,
                       const int* k, const float* alpha, const float* a, const int* lda,
                       const float* b, const int* ldb, const float* beta, float* c,
                       const int* ldc) {
  const auto turns = [](const char* word) { return *word != 'n' && *word != 'N'; };
  if (*alpha == 1 && (*beta == 0 || *beta == 1))
    fdl::kernels::multiply_for_libtorch({b, *ldb, turns(turns_b)}, {a, *lda, turns(turns_a)}, c,
                                        *ldc, {*n, *m, *k}, *beta == 1);
  else
    fdl::kernels::libtorch_sgemm()(turns_a, turns_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
