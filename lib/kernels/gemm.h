#pragma once

#include <cstdint>
#include <memory>

// Products of matrices of f32: by the CPU's matrix tiles where it has them and they are faster, by
// the BLAS inside libtorch elsewhere, without libtorch's dispatcher. Within at::parallel_for each
// is one thread's.
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

// Whether libtorch's own products may differ in last bits from what its BLAS makes of them by
// itself: all that follow in this process. At first they do. It switches the tiles too.
void let_products_differ(bool may);

// The same for libtorch's own calls; where they may not differ, by its BLAS just as it calls it.
void multiply_for_libtorch(Factor a, Factor b, float* out, std::int64_t stride, ProductSize size,
                           bool adds);

class CutRight;
class BlasRight;

// The right factor [k, n] of many products. It must outlive this, and not change.
class RightFactor {
 public:
  // rows: of the left factors, for which it is put in order once where that is faster; 0 does not.
  RightFactor(Factor b, std::int64_t n, std::int64_t k, std::int64_t rows);
  RightFactor(RightFactor&&) noexcept;
  ~RightFactor();

  // out[rows, n] = a[rows, k] b, or added to it.
  void multiply(Factor a, std::int64_t rows, float* out, std::int64_t stride, bool adds) const;

 private:
  Factor factor_;
  std::int64_t n_, k_, rows_;
  std::unique_ptr<const CutRight> cut_;
  std::unique_ptr<const BlasRight> packed_;
};

}  // namespace fdl::kernels
