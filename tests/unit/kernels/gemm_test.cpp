#include "lib/kernels/gemm.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

namespace fdl::testing {

TEST_CASE("products agree with libtorch's, over odd sizes") {
  at::manual_seed(1);
  for (const std::int64_t m : {1, 3, 32}) {
    for (const std::int64_t n : {1, 10, 65}) {
      for (const std::int64_t k : {1, 7, 200}) {
        CAPTURE(m);
        CAPTURE(n);
        CAPTURE(k);
        const at::Tensor a = at::randn({m, k}), b = at::randn({k, n});
        const at::Tensor at = a.t().contiguous(), bt = b.t().contiguous();
        for (const bool adds : {false, true}) {
          const at::Tensor before = at::randn({m, n});
          const at::Tensor expected = adds ? before + at::mm(a, b) : at::mm(a, b);
          at::Tensor made[3] = {before.clone(), before.clone(), before.clone()};
          const auto data = [](const at::Tensor& t) { return t.mutable_data_ptr<float>(); };
          kernels::product(data(a), data(b), data(made[0]), m, n, k, adds);
          kernels::product_by_transposed(data(a), data(bt), data(made[1]), m, n, k, adds);
          kernels::product_of_transposed(data(at), data(b), data(made[2]), m, n, k, adds);
          for (const at::Tensor& one : made) CHECK(one.allclose(expected, 1e-5, 1e-4));
        }
      }
    }
  }
}

TEST_CASE("a product does not look at what it overwrites") {
  const at::Tensor a = at::randn({2, 3}), b = at::randn({3, 2});
  at::Tensor out = at::full({2, 2}, std::nan(""));
  kernels::product(a.const_data_ptr<float>(), b.const_data_ptr<float>(),
                   out.mutable_data_ptr<float>(), 2, 2, 3);
  CHECK(out.isfinite().all().item<bool>());
}

}  // namespace fdl::testing
