// BLAS knows columns, so each matrix here is to it the transposed one.
#include "lib/nn/product.h"

#include "lib/kernels/gemm.h"

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

namespace fdl::nn {
namespace {

bool can_pack() {
  return sgemm_pack_get_size_ != nullptr && sgemm_pack_ != nullptr && sgemm_compute_ != nullptr;
}

int to_int(std::int64_t number) { return static_cast<int>(number); }  // callers keep below 2^31

constexpr float kOne = 1;

}  // namespace

Weight::Weight(const at::Tensor& weight_NK, Side side, std::int64_t packed_rows)
    : weight_(weight_NK.const_data_ptr<float>()),
      width_(weight_NK.size(1)),
      num_out_(weight_NK.size(side == Side::Transposed ? 0 : 1)),
      num_in_(weight_NK.size(side == Side::Transposed ? 1 : 0)),
      side_(side) {
  if (packed_rows == 0 || !can_pack()) return;
  const int m = to_int(num_out_), n = to_int(packed_rows), k = to_int(num_in_), ld = to_int(width_);
  constexpr std::size_t kAlignment = 64;
  const std::size_t num_bytes = sgemm_pack_get_size_("A", &m, &n, &k);
  packed_.reset(static_cast<float*>(
      std::aligned_alloc(kAlignment, (num_bytes / kAlignment + 1) * kAlignment)));
  if (!packed_) return;
  packed_rows_ = packed_rows;
  sgemm_pack_("A", side == Side::Transposed ? "T" : "N", &m, &n, &k, &kOne, weight_, &ld,
              packed_.get());
}

void Weight::multiply(In x, std::int64_t num_rows, Out out, bool adds) const {
  if (packed_rows_ != num_rows) {
    kernels::multiply({x.data, x.stride}, {weight_, width_, side_ == Side::Transposed}, out.data,
                      out.stride, {num_rows, num_out_, num_in_}, adds);
    return;
  }
  const int m = to_int(num_out_), n = to_int(num_rows), k = to_int(num_in_), ld = to_int(width_),
            ldx = to_int(x.stride), ldo = to_int(out.stride);
  const float beta = adds ? 1 : 0;
  sgemm_compute_("P", "N", &m, &n, &k, packed_.get(), &ld, x.data, &ldx, &beta, out.data, &ldo);
}

void multiply_transposed(In g_RN, In x_RK, std::int64_t num_rows, const at::Tensor& out_NK,
                         bool adds) {
  const std::int64_t N = out_NK.size(0), K = out_NK.size(1);
  kernels::multiply({g_RN.data, g_RN.stride, true}, {x_RK.data, x_RK.stride},
                    out_NK.mutable_data_ptr<float>(), K, {N, K, num_rows}, adds);
}

}  // namespace fdl::nn
