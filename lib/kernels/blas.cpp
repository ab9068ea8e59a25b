// BLAS knows columns, so each matrix here is to it its transpose: out^T = b^T a^T.
#include "lib/kernels/blas.h"

#include <algorithm>
#include <dlfcn.h>

#include <ATen/Parallel.h>

#include "lib/base/check.h"

// Weak, as not every libtorch has them: MKL is a part of it, another BLAS may be another library.
extern "C" {
[[gnu::weak]] std::size_t sgemm_pack_get_size_(const char* which, const int* m, const int* n,
                                               const int* k);
[[gnu::weak]] void sgemm_pack_(const char* which, const char* trans, const int* m, const int* n,
                               const int* k, const float* alpha, const float* from, const int* ld,
                               float* packed);
[[gnu::weak]] void sgemm_compute_(const char* trans_a, const char* trans_b, const int* m,
                                  const int* n, const int* k, const float* a, const int* lda,
                                  const float* b, const int* ldb, const float* beta, float* c,
                                  const int* ldc);
}

namespace fdl::kernels {
namespace {

constexpr float kOne = 1;

int narrow(std::int64_t size) {
  FDL_CHECK(size <= INT32_MAX);
  return static_cast<int>(size);
}

}  // namespace

// The name is looked up behind this program, which may define it.
Sgemm libtorch_sgemm() {
  static const auto found = reinterpret_cast<Sgemm>(::dlsym(RTLD_NEXT, "sgemm_"));
  return found;
}

bool has_blas() { return libtorch_sgemm() != nullptr; }

void multiply_blas(Factor a, Factor b, float* out, std::int64_t stride, ProductSize size,
                   bool adds) {
  const int m = narrow(size.m), n = narrow(size.n), k = narrow(size.k);
  const int lda = narrow(a.stride), ldb = narrow(b.stride), ldc = narrow(stride);
  const float beta = adds ? 1.0F : 0.0F;
  libtorch_sgemm()(b.is_turned ? "T" : "N", a.is_turned ? "T" : "N", &n, &m, &k, &kOne, b.data,
                   &ldb, a.data, &lda, &beta, out, &ldc);
}

namespace {

// Calls body(first, last) for a share of `count` lines or columns in each thread.
template <typename Body>
void share_out(std::int64_t count, Body body) {
  constexpr std::int64_t kLine = 16;  // numbers, of a vector and of a line of a cache
  const std::int64_t num_lines = at::divup(count, kLine);
  at::parallel_for(0, num_lines, at::divup(num_lines, at::get_num_threads()),
                   [&](std::int64_t first, std::int64_t last) {
                     body(first * kLine, std::min(count, last * kLine));
                   });
}

}  // namespace

// MKL shares a product of few rows out among threads at a cost that shows, and each product in a
// way of its own. Here a thread has the same rows of a weight [n, k] forward, in its gradient, and
// about those when it is updated: they are in its own cache. Of some more rows and many columns
// it cuts the rows, and each thread puts all columns in order: 256 x 1024 x 1024 then takes 385
// GFLOP/s of two cores, by columns 458 (docs/adr/0075).
void multiply_shared(Factor a, Factor b, float* out, std::int64_t stride, ProductSize size,
                     bool adds) {
  constexpr std::int64_t kFewRows = 128, kSomeRows = 192, kMostRows = 1024, kColumns = 512;
  const std::int64_t least = std::int64_t{32} * at::get_num_threads();
  const bool shares = at::get_num_threads() > 1 && !at::in_parallel_region();
  const bool is_gradient = a.is_turned && !b.is_turned && size.k <= kFewRows && size.m >= least;
  const bool has_few_rows = size.m <= kFewRows && size.n >= least;
  const bool has_wide_rows =
      size.m >= kSomeRows && size.m <= kMostRows && size.n >= kColumns * at::get_num_threads();
  if (shares && is_gradient) {
    share_out(size.m, [&](std::int64_t first, std::int64_t last) {
      multiply_blas({a.data + first, a.stride, true}, b, out + first * stride, stride,
                    {last - first, size.n, size.k}, adds);
    });
  } else if (shares && (has_few_rows || has_wide_rows)) {
    const std::int64_t step = b.is_turned ? b.stride : 1;
    share_out(size.n, [&](std::int64_t first, std::int64_t last) {
      multiply_blas(a, {b.data + first * step, b.stride, b.is_turned}, out + first, stride,
                    {size.m, last - first, size.k}, adds);
    });
  } else {
    multiply_blas(a, b, out, stride, size, adds);
  }
}

BlasRight::BlasRight(Factor b, std::int64_t n, std::int64_t k, std::int64_t rows)
    : b_stride_(b.stride), n_(n), k_(k), rows_(rows) {
  if (sgemm_pack_get_size_ == nullptr || sgemm_pack_ == nullptr || sgemm_compute_ == nullptr)
    return;
  const int m = narrow(n), columns = narrow(rows), depth = narrow(k), ld = narrow(b.stride);
  const std::size_t num_bytes = sgemm_pack_get_size_("A", &m, &columns, &depth);
  packed_ = aligned_array<float>(static_cast<std::int64_t>(num_bytes / sizeof(float) + 1));
  sgemm_pack_("A", b.is_turned ? "T" : "N", &m, &columns, &depth, &kOne, b.data, &ld,
              packed_.get());
}

void BlasRight::multiply(const float* a, std::int64_t a_stride, float* out, std::int64_t stride,
                         bool adds) const {
  const int m = narrow(n_), n = narrow(rows_), k = narrow(k_), ld = narrow(b_stride_),
            lda = narrow(a_stride), ldo = narrow(stride);
  const float beta = adds ? 1.0F : 0.0F;
  sgemm_compute_("P", "N", &m, &n, &k, packed_.get(), &ld, a, &lda, &beta, out, &ldo);
}

}  // namespace fdl::kernels
