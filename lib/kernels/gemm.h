#pragma once

#include <cstdint>

// Products of matrices of f32, row-major and without gaps, by the BLAS that libtorch brings.
namespace fdl::kernels {

// out[m, n] = a[m, k] b[k, n].
void product(const float* a, const float* b, float* out, std::int64_t m, std::int64_t n,
             std::int64_t k, bool adds = false);
// out[m, n] = a[m, k] b[n, k]^T.
void product_by_transposed(const float* a, const float* b, float* out, std::int64_t m,
                           std::int64_t n, std::int64_t k, bool adds = false);
// out[m, n] = a[k, m]^T b[k, n].
void product_of_transposed(const float* a, const float* b, float* out, std::int64_t m,
                           std::int64_t n, std::int64_t k, bool adds = false);

}  // namespace fdl::kernels
