#pragma once

#include <cstdint>

// Products of matrices of f32 by the BLAS inside libtorch, without its dispatcher. Within
// at::parallel_for each is one thread's.
namespace fdl::kernels {

// Whether libtorch lets others call its BLAS. Without it nothing here may be called.
bool has_blas();

// A matrix whose rows lie `stride` numbers apart, or what it is turned into: its transpose.
struct Factor {
  const float* data = nullptr;
  std::int64_t stride = 0;
  bool is_turned = false;
};

struct ProductSize {
  std::int64_t m = 0, n = 0, k = 0;  // below 2^31
};

// out[m, n] = a[m, k] b[k, n], or added to it; the rows of `out` lie `stride` apart.
void multiply(Factor a, Factor b, float* out, std::int64_t stride, ProductSize size, bool adds);

}  // namespace fdl::kernels
