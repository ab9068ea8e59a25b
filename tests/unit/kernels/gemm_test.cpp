#include "lib/kernels/gemm.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <doctest/doctest.h>

#include "lib/kernels/blas.h"

namespace fdl::testing {

namespace {

using Multiply = void (*)(kernels::Factor, kernels::Factor, float*, std::int64_t,
                          kernels::ProductSize, bool);

// Rows of all matrices lie further apart than they are long, in gaps that nobody touches.
void check_product(Multiply multiply, const kernels::ProductSize& size) {
  const auto [m, n, k] = size;
  CAPTURE(m);
  CAPTURE(n);
  CAPTURE(k);
  const at::Tensor a = at::randn({m, k}), b = at::randn({k, n});
  const at::Tensor at = a.t().contiguous(), bt = b.t().contiguous();
  for (const bool adds : {false, true}) {
    const at::Tensor before = at::randn({m, n + 3});
    const at::Tensor expected = before.narrow(1, 0, n).to(at::kDouble) * (adds ? 1 : 0) +
                                at::mm(a.to(at::kDouble), b.to(at::kDouble));
    const auto data = [](const at::Tensor& t) { return t.const_data_ptr<float>(); };
    for (const bool turns_a : {false, true}) {
      for (const bool turns_b : {false, true}) {
        at::Tensor made = before.clone();
        const kernels::Factor left =
            turns_a ? kernels::Factor{data(at), m, true} : kernels::Factor{data(a), k};
        const kernels::Factor right =
            turns_b ? kernels::Factor{data(bt), k, true} : kernels::Factor{data(b), n};
        multiply(left, right, made.mutable_data_ptr<float>(), n + 3, size, adds);
        CHECK(made.narrow(1, 0, n).to(at::kDouble).allclose(expected, 1e-5, 1e-4));
        CHECK(made.narrow(1, n, 3).equal(before.narrow(1, n, 3)));
      }
    }
  }
}

// Of few rows, and of so many that threads share out rows, or columns.
void check_products(Multiply multiply) {
  for (const std::int64_t m : {1, 32, 130}) {
    for (const std::int64_t n : {1, 10, 130}) {
      for (const std::int64_t k : {1, 7, 200}) check_product(multiply, {m, n, k});
    }
  }
  check_product(multiply, {200, 1030, 33});
  check_product(multiply, {300, 1700, 9});
}

}  // namespace

TEST_CASE("products agree with libtorch's, over odd sizes and numbers of threads") {
  REQUIRE(kernels::has_blas());
  at::manual_seed(1);
  const int before = at::get_num_threads();
  for (const int threads : {1, 2, 3}) {
    CAPTURE(threads);
    at::set_num_threads(threads);
    check_products(kernels::multiply);
    check_products(kernels::multiply_for_libtorch);
  }
  at::set_num_threads(before);
}

TEST_CASE("libtorch's own products are its BLAS's to the bit where they may not differ") {
  at::manual_seed(2);
  const at::Tensor a = at::randn({256, 700}), b = at::randn({700, 1100});
  const auto made_by = [&](Multiply multiply) {
    at::Tensor out = at::empty({256, 1100});
    multiply({a.const_data_ptr<float>(), 700}, {b.const_data_ptr<float>(), 1100},
             out.mutable_data_ptr<float>(), 1100, {256, 1100, 700}, false);
    return out;
  };
  kernels::let_products_differ(false);
  const at::Tensor exact = made_by(kernels::multiply_for_libtorch);
  kernels::let_products_differ(true);
  CHECK(exact.equal(made_by(kernels::multiply_blas)));
  CHECK(made_by(kernels::multiply_for_libtorch).allclose(exact, 1e-4, 1e-3));
}

TEST_CASE("a product does not look at what it overwrites") {
  const at::Tensor a = at::randn({2, 3}), b = at::randn({3, 2});
  at::Tensor out = at::full({2, 2}, std::nan(""));
  kernels::multiply({a.const_data_ptr<float>(), 3}, {b.const_data_ptr<float>(), 2},
                    out.mutable_data_ptr<float>(), 2, {2, 2, 3}, false);
  CHECK(out.isfinite().all().item<bool>());
}

}  // namespace fdl::testing
