#include "lib/kernels/gemm.h"

#include <atomic>

#include "lib/kernels/blas.h"
#include "lib/kernels/cut_gemm.h"

namespace fdl::kernels {
namespace {

std::atomic<bool> may_differ{true};

const TileFunctions* tiles_for(ProductSize size, bool is_packed) {
  const TileFunctions* const tiles = tiles_in_use();
  return tiles != nullptr && tiles_pay(size, is_packed) ? tiles : nullptr;
}

// On tiles, or by that function of the BLAS.
void multiply_or(decltype(multiply_blas)* otherwise, Factor a, Factor b, float* out,
                 std::int64_t stride, ProductSize size, bool adds) {
  if (const TileFunctions* const tiles = tiles_for(size, false))
    multiply_cut(*tiles, a, b, nullptr, out, stride, size, adds);
  else
    otherwise(a, b, out, stride, size, adds);
}

}  // namespace

void let_products_differ(bool may) {
  may_differ = may;
  use_tiles(may);
}

void multiply(Factor a, Factor b, float* out, std::int64_t stride, ProductSize size, bool adds) {
  multiply_or(multiply_shared, a, b, out, stride, size, adds);
}

void multiply_for_libtorch(Factor a, Factor b, float* out, std::int64_t stride, ProductSize size,
                           bool adds) {
  multiply_or(may_differ ? multiply_shared : multiply_blas, a, b, out, stride, size, adds);
}

RightFactor::RightFactor(Factor b, std::int64_t n, std::int64_t k, std::int64_t rows)
    : factor_(b), n_(n), k_(k), rows_(rows) {
  if (rows == 0) return;
  if (const TileFunctions* const tiles = tiles_for({rows, n, k}, true)) {
    auto cut = std::make_unique<const CutRight>(*tiles, b, n, k);
    if (cut->is_good()) cut_ = std::move(cut);
    return;
  }
  auto packed = std::make_unique<const BlasRight>(b, n, k, rows);
  if (packed->is_packed()) packed_ = std::move(packed);
}

RightFactor::RightFactor(RightFactor&&) noexcept = default;
RightFactor::~RightFactor() = default;

void RightFactor::multiply(Factor a, std::int64_t rows, float* out, std::int64_t stride,
                           bool adds) const {
  if (cut_)
    multiply_cut(*tile_functions(), a, factor_, cut_.get(), out, stride, {rows, n_, k_}, adds);
  else if (packed_ && rows == rows_ && !a.is_turned)
    packed_->multiply(a.data, a.stride, out, stride, adds);
  else
    kernels::multiply(a, factor_, out, stride, {rows, n_, k_}, adds);
}

}  // namespace fdl::kernels
