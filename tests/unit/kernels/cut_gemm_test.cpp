#include "lib/kernels/cut_gemm.h"

#include <cmath>
#include <cstdio>
#include <limits>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <doctest/doctest.h>

namespace fdl::testing {
namespace {

using kernels::Factor;

// Whether there are tiles. Else the test is not run, and says so.
const kernels::TileFunctions* tiles() {
  const kernels::TileFunctions* const out = kernels::tile_functions();
  if (out == nullptr) std::puts("skip products on tiles: this CPU has none");
  return out;
}

// A factor [rows, columns], which may lie in memory as its transpose, with gaps between its rows.
struct Given {
  Given(const at::Tensor& value, bool is_turned)
      : memory(at::full({value.size(is_turned ? 1 : 0), value.size(is_turned ? 0 : 1) + 5},
                        std::nan(""))),
        turned(is_turned) {
    memory.narrow(1, 0, memory.size(1) - 5).copy_(is_turned ? value.t() : value);
  }
  Factor factor() const { return {memory.const_data_ptr<float>(), memory.size(1), turned}; }
  at::Tensor memory;
  bool turned;
};

enum class By { Tiles, Packed, Blas };

at::Tensor product(By by, const at::Tensor& a, const at::Tensor& b, bool turns_a = false,
                   bool turns_b = false, const at::Tensor& added = {}) {
  const std::int64_t m = a.size(0), n = b.size(1), k = a.size(1);
  const Given left(a, turns_a), right(b, turns_b);
  at::Tensor out = at::full({m, n + 3}, 7.0F);
  if (added.defined()) out.narrow(1, 0, n).copy_(added);
  auto* const data = out.mutable_data_ptr<float>();
  const bool adds = added.defined();
  const kernels::TileFunctions* const tiles = kernels::tile_functions();
  if (by == By::Tiles)
    multiply_cut(*tiles, left.factor(), right.factor(), nullptr, data, n + 3, {m, n, k}, adds);
  if (by == By::Packed) {
    const kernels::CutRight cut(*tiles, right.factor(), n, k);
    REQUIRE(cut.is_good());
    multiply_cut(*tiles, left.factor(), right.factor(), &cut, data, n + 3, {m, n, k}, adds);
  }
  if (by == By::Blas) {
    kernels::use_tiles(false);
    kernels::multiply(left.factor(), right.factor(), data, n + 3, {m, n, k}, adds);
    kernels::use_tiles(true);
  }
  CHECK(out.narrow(1, n, 3).eq(7).all().item<bool>());
  return out.narrow(1, 0, n).clone();
}

// Root mean square over that of what each sum would be if nothing cancelled.
double error(const at::Tensor& made, const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor exact = at::mm(a.to(at::kDouble), b.to(at::kDouble));
  const at::Tensor whole = at::mm(a.to(at::kDouble).abs(), b.to(at::kDouble).abs());
  return (made.to(at::kDouble) - exact).div(whole).square().mean().sqrt().item<double>();
}

}  // namespace

TEST_CASE("products on tiles are f32, over odd sizes") {
  if (tiles() == nullptr) return;
  at::manual_seed(1);
  for (const std::int64_t m : {1, 17, 32, 45, 300}) {
    for (const std::int64_t n : {1, 16, 33, 270}) {
      for (const std::int64_t k : {1, 31, 64, 530}) {
        CAPTURE(m);
        CAPTURE(n);
        CAPTURE(k);
        const at::Tensor a = at::randn({m, k}), b = at::randn({k, n}), added = at::randn({m, n});
        const double bound = 2 * error(product(By::Blas, a, b), a, b) + 1e-7 / double(k);
        for (const bool turns_a : {false, true}) {
          for (const bool turns_b : {false, true}) {
            for (const By by : {By::Tiles, By::Packed}) {
              const at::Tensor made = product(by, a, b, turns_a, turns_b);
              CHECK(error(made, a, b) <= bound);
              const at::Tensor sum = product(by, a, b, turns_a, turns_b, added);
              CHECK(sum.allclose(made + added, 1e-5, 1e-5));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("products on tiles are no less exact than the BLAS's") {
  if (tiles() == nullptr) return;
  at::manual_seed(6);
  for (const std::int64_t k : {64, 256, 1000, 4096}) {
    CAPTURE(k);
    for (const double mean : {0.0, 1.0}) {
      const at::Tensor a = at::randn({200, k}) + mean, b = at::randn({k, 300}) + mean;
      CHECK(error(product(By::Tiles, a, b), a, b) <= 1.05 * error(product(By::Blas, a, b), a, b));
    }
  }
}

TEST_CASE("numbers of all sizes keep their f32 in products on tiles") {
  if (tiles() == nullptr) return;
  at::manual_seed(2);
  const auto spread = [](std::int64_t rows, std::int64_t columns) {
    return at::randn({rows, columns}) * at::exp2(at::randint(-40, 41, {rows, columns}));
  };
  const at::Tensor a = spread(64, 200), b = spread(200, 64);
  CHECK(error(product(By::Tiles, a, b), a, b) <= 1.5 * error(product(By::Blas, a, b), a, b));
  // One number each, all its bits.
  const at::Tensor x = at::randn({1000, 1}), one = at::ones({1, 1});
  CHECK(product(By::Tiles, x, one).equal(x));
  CHECK(product(By::Tiles, one, x.t().contiguous()).equal(x.t()));
}

TEST_CASE("infinities and what is no number come out as the BLAS's do") {
  if (tiles() == nullptr) return;
  at::manual_seed(3);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kMost = std::numeric_limits<float>::max();
  for (const float special : {kInfinity, -kInfinity, std::nanf(""), kMost, -kMost}) {
    for (const bool is_left : {false, true}) {
      for (const bool adds : {false, true}) {
        CAPTURE(special);
        at::Tensor a = at::randn({100, 600}), b = at::randn({600, 90});
        if (is_left)
          a[40][520] = special;
        else
          b[520][40] = special;
        const at::Tensor added = adds ? at::randn({100, 90}) : at::Tensor();
        const at::Tensor made = product(By::Tiles, a, b, false, true, added);
        const at::Tensor expected = product(By::Blas, a, b, false, true, added);
        CHECK(made.allclose(expected, 1e-4, 1e-3, /*equal_nan=*/true));
        const Given right(b, false);
        CHECK(kernels::CutRight(*tiles(), right.factor(), 90, 600).is_good() == is_left);
      }
    }
  }
}

TEST_CASE("the smallest numbers may be lost on tiles, and nothing else") {
  if (tiles() == nullptr) return;
  const at::Tensor a = at::full({40, 64}, 1e-39F), b = at::full({64, 40}, 2.0F);
  CHECK(product(By::Tiles, a, b).sub(product(By::Blas, a, b)).abs().max().item<double>() < 1e-36);
  const at::Tensor c = at::full({40, 64}, 3.14159274e-30F);
  CHECK(product(By::Tiles, c, b).allclose(product(By::Blas, c, b), 1e-6, 0));
}

TEST_CASE("products on tiles have the same bits for every number of threads") {
  if (tiles() == nullptr) return;
  at::manual_seed(4);
  const int before = at::get_num_threads();
  for (const auto& [m, n] :
       {std::pair<std::int64_t, std::int64_t>{40, 600}, {600, 300}, {20, 30}}) {
    const at::Tensor a = at::randn({m, 700}), b = at::randn({700, n});
    at::set_num_threads(1);
    const at::Tensor one = product(By::Tiles, a, b), packed = product(By::Packed, a, b);
    for (const int threads : {2, 3, 7}) {
      at::set_num_threads(threads);
      CHECK(product(By::Tiles, a, b).equal(one));
      CHECK(product(By::Packed, a, b).equal(packed));
      CHECK(packed.equal(one));
    }
    at::set_num_threads(before);
    at::parallel_for(0, 2, 1, [&](std::int64_t, std::int64_t) {  // within, one thread each
      at::Tensor out = at::empty({m, n});
      multiply_cut(*kernels::tile_functions(), {a.const_data_ptr<float>(), 700},
                   {b.const_data_ptr<float>(), n}, nullptr, out.mutable_data_ptr<float>(), n,
                   {m, n, 700}, false);
      CHECK(out.equal(one));
    });
  }
}

TEST_CASE("libtorch's own products run on tiles where they pay, and can be kept from it") {
  if (tiles() == nullptr) return;
  at::manual_seed(5);
  const at::Tensor a = at::randn({512, 512}), b = at::randn({512, 512}), bias = at::randn({512});
  REQUIRE(kernels::tiles_pay({512, 512, 512}, false));
  CHECK(at::mm(a, b).equal(product(By::Tiles, a, b)));
  CHECK(at::linear(a, b.t(), bias)
            .equal(product(By::Tiles, a, b, false, false, bias.expand({512, 512}))));
  kernels::use_tiles(false);
  CHECK(at::mm(a, b).equal(product(By::Blas, a, b)));
  kernels::use_tiles(true);
}

TEST_CASE("small products stay with the BLAS") {
  CHECK(!kernels::tiles_pay({32, 128, 784}, false));
  CHECK(!kernels::tiles_pay({256, 10, 512}, false));
  CHECK(!kernels::tiles_pay({0, 1000, 1000}, false));
  CHECK(kernels::tiles_pay({256, 1024, 1024}, false));
  CHECK(kernels::tiles_pay({64, 1024, 256}, true));
}

}  // namespace fdl::testing
