#include "lib/nn/product.h"

namespace fdl::nn {

Weight::Weight(const at::Tensor& weight_NK, Side side, std::int64_t packed_rows)
    : factor_({weight_NK.const_data_ptr<float>(), weight_NK.size(1), side == Side::Transposed},
              weight_NK.size(side == Side::Transposed ? 0 : 1),
              weight_NK.size(side == Side::Transposed ? 1 : 0), packed_rows) {}

void Weight::multiply(In x, std::int64_t num_rows, Out out, bool adds) const {
  factor_.multiply({x.data, x.stride}, num_rows, out.data, out.stride, adds);
}

void multiply_transposed(In g_RN, In x_RK, std::int64_t num_rows, const at::Tensor& out_NK,
                         bool adds) {
  const std::int64_t N = out_NK.size(0), K = out_NK.size(1);
  kernels::multiply({g_RN.data, g_RN.stride, true}, {x_RK.data, x_RK.stride},
                    out_NK.mutable_data_ptr<float>(), K, {N, K, num_rows}, adds);
}

}  // namespace fdl::nn
