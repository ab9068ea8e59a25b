#pragma once

#include <cstdint>

#include "lib/kernels/aligned.h"
#include "lib/kernels/gemm.h"
#include "lib/kernels/tiles.h"

// Products of f32 on tiles that multiply bf16. A number is hi + mid + low, each a bf16 and the sum
// exact; of the nine products of parts six are added up in f32. What is left out is below 2^-25 of
// the product, so that the error is that of f32, and no larger than the BLAS's
// (https://arxiv.org/abs/1904.06376, Henry, Tang and Heinecke 2019). Numbers below 2^-110 lose
// their lower parts, those below 2^-126 are zero.
namespace fdl::kernels {

// A right factor [k, n] in the order that tiles read. It is a copy, of 6 bytes a number.
class CutRight {
 public:
  CutRight(const TileFunctions& tiles, Factor b, std::int64_t n, std::int64_t k);

  // False where it holds numbers that can not be cut: then it is of no use.
  bool is_good() const { return is_good_; }
  const std::uint16_t* panel(std::int64_t at, std::int64_t step) const {
    return panels_.get() + (at * num_steps_ + step) * kStepNumbers;
  }

 private:
  AlignedArray<std::uint16_t> panels_;
  std::int64_t num_steps_;
  bool is_good_ = true;
};

// Whether tiles take less time than the BLAS, by what both were measured to do. The same for one
// size on every machine with tiles: results do not depend on a measurement.
bool tiles_pay(ProductSize size, bool is_packed);

// As multiply of gemm.h; where `packed` is not null it is `b`. Sums have the same order for every
// number of threads.
void multiply_cut(const TileFunctions& tiles, Factor a, Factor b, const CutRight* packed,
                  float* out, std::int64_t stride, ProductSize size, bool adds);

}  // namespace fdl::kernels
