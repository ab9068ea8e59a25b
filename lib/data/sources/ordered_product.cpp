#include "lib/data/sources/ordered_product.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include "lib/base/check.h"

// One machine code per kind of CPU. This file is compiled without fused multiply-adds, which do not
// round the product, so each of them computes the same bits.
#if defined(__x86_64__) && !defined(__clang__)
#define FDL_CPU_CLONES [[gnu::target_clones("avx512f", "avx2", "default")]]
#else
#define FDL_CPU_CLONES
#endif

namespace fdl::data {
namespace {

// Sums that stay in registers: 6 rows of 16 take 6 of AVX-512's 32, or 12 of AVX2's 16.
constexpr std::int64_t kRows = 6, kColumns = 16;
using Lanes = float __attribute__((vector_size(kColumns * sizeof(float))));

// out [kRows, kColumns] = the rows of x times a panel [K, kColumns].
FDL_CPU_CLONES void multiply(const float* const* x, const float* panel, std::int64_t K,
                             float* out) {
  Lanes sums[kRows] = {};
  for (std::int64_t k = 0; k < K; ++k) {
    Lanes factors;
    std::memcpy(&factors, panel + k * kColumns, sizeof factors);
#pragma GCC unroll 6
    for (std::int64_t r = 0; r < kRows; ++r) sums[r] += x[r][k] * factors;
  }
  std::memcpy(out, sums, sizeof sums);
}

// w [K, M] in panels of kColumns columns, one after the other; what the last lacks is 0.
std::vector<float> panels_of(const float* w, std::int64_t K, std::int64_t M) {
  const std::int64_t num_panels = (M + kColumns - 1) / kColumns;
  std::vector<float> out(static_cast<std::size_t>(num_panels * K * kColumns));
  for (std::int64_t panel = 0; panel < num_panels; ++panel) {
    const std::int64_t width = std::min(kColumns, M - panel * kColumns);
    for (std::int64_t k = 0; k < K; ++k)
      std::copy_n(w + k * M + panel * kColumns, width, out.data() + (panel * K + k) * kColumns);
  }
  return out;
}

}  // namespace

at::Tensor ordered_product(const at::Tensor& x, const at::Tensor& w) {
  FDL_CHECK(x.dim() == 2 && w.dim() == 2 && x.size(1) == w.size(0));
  const std::int64_t N = x.size(0), K = x.size(1), M = w.size(1);
  const at::Tensor left = x.contiguous(), right = w.contiguous(),
                   out = at::empty({N, M}, x.options());
  const auto* from = left.const_data_ptr<float>();
  auto* to = out.mutable_data_ptr<float>();
  const std::vector<float> panels = panels_of(right.const_data_ptr<float>(), K, M);
  at::parallel_for(0, (N + kRows - 1) / kRows, 1, [&](std::int64_t begin, std::int64_t end) {
    float tile[kRows * kColumns];
    for (std::int64_t first = begin * kRows; first < std::min(end * kRows, N); first += kRows) {
      const std::int64_t count = std::min(kRows, N - first);
      // A block that is not full repeats its last row.
      const float* rows[kRows];
      for (std::int64_t r = 0; r < kRows; ++r)
        rows[r] = from + (first + std::min(r, count - 1)) * K;
      for (std::int64_t column = 0; column < M; column += kColumns) {
        multiply(rows, panels.data() + column * K, K, tile);
        for (std::int64_t r = 0; r < count; ++r)
          std::copy_n(tile + r * kColumns, std::min(kColumns, M - column),
                      to + (first + r) * M + column);
      }
    }
  });
  return out;
}

}  // namespace fdl::data
