#include "lib/kernels/gemm.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <doctest/doctest.h>

namespace fdl::testing {

namespace {

// Of few rows, and of so many that threads share out rows, or columns.
void check_products() {
  for (const std::int64_t m : {1, 32, 130}) {
    for (const std::int64_t n : {1, 10, 130}) {
      for (const std::int64_t k : {1, 7, 200}) {
        CAPTURE(m);
        CAPTURE(n);
        CAPTURE(k);
        const at::Tensor a = at::randn({m, k}), b = at::randn({k, n});
        const at::Tensor at = a.t().contiguous(), bt = b.t().contiguous();
        for (const bool adds : {false, true}) {
          // Rows further apart than they are long, whose gaps nobody touches.
          const at::Tensor before = at::randn({m, n + 3});
          const at::Tensor expected =
              before.index({at::indexing::Slice(), at::indexing::Slice(0, n)}) * (adds ? 1 : 0) +
              at::mm(a, b);
          const auto data = [](const at::Tensor& t) { return t.const_data_ptr<float>(); };
          for (const bool turns_a : {false, true}) {
            for (const bool turns_b : {false, true}) {
              at::Tensor made = before.clone();
              const kernels::Factor left =
                  turns_a ? kernels::Factor{data(at), m, true} : kernels::Factor{data(a), k};
              const kernels::Factor right =
                  turns_b ? kernels::Factor{data(bt), k, true} : kernels::Factor{data(b), n};
              kernels::multiply(left, right, made.mutable_data_ptr<float>(), n + 3, {m, n, k},
                                adds);
              CHECK(made.narrow(1, 0, n).allclose(expected, 1e-5, 1e-4));
              CHECK(made.narrow(1, n, 3).equal(before.narrow(1, n, 3)));
            }
          }
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("products agree with libtorch's, over odd sizes and numbers of threads") {
  REQUIRE(kernels::has_blas());
  at::manual_seed(1);
  const int before = at::get_num_threads();
  for (const int threads : {1, 2, 3}) {
    CAPTURE(threads);
    at::set_num_threads(threads);
    check_products();
  }
  at::set_num_threads(before);
}

TEST_CASE("a product does not look at what it overwrites") {
  const at::Tensor a = at::randn({2, 3}), b = at::randn({3, 2});
  at::Tensor out = at::full({2, 2}, std::nan(""));
  kernels::multiply({a.const_data_ptr<float>(), 3}, {b.const_data_ptr<float>(), 2},
                    out.mutable_data_ptr<float>(), 2, {2, 2, 3}, false);
  CHECK(out.isfinite().all().item<bool>());
}

}  // namespace fdl::testing
