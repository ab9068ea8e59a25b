#include "lib/kernels/cut_conv.h"

#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <doctest/doctest.h>

namespace fdl::testing {
namespace {

using kernels::ConvAxis;
using kernels::ConvSize;

// Null where there are no tiles: the test is not run then, and says so.
const kernels::TileFunctions* tiles() {
  const kernels::TileFunctions* const out = kernels::tile_functions();
  if (out == nullptr) std::puts("skip convolutions on tiles: this CPU has none");
  return out;
}

ConvAxis axis(std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
              std::int64_t dilation) {
  return {in,      (in + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1,
          kernel,  stride,
          padding, dilation};
}

struct Made {
  at::Tensor forward, input, weight;
};

struct Case {
  ConvSize size;
  at::Tensor x, weight, bias, gradient;

  explicit Case(const ConvSize& of)
      : size(of),
        x(at::randn({of.images, of.channels, of.h.in, of.w.in})),
        weight(at::randn({of.filters, of.channels, of.h.kernel, of.w.kernel})),
        bias(at::randn({of.filters})),
        gradient(at::randn({of.images, of.filters, of.h.out, of.w.out})) {}

  bool on_tiles(Made& out) const {
    out = {at::full_like(gradient, std::nan("")), at::full_like(x, std::nan("")),
           at::full_like(weight, std::nan(""))};
    const auto data = [](const at::Tensor& t) { return t.const_data_ptr<float>(); };
    const kernels::TileFunctions& by = *kernels::tile_functions();
    return convolve(by, size, data(x), data(weight), data(bias),
                    out.forward.mutable_data_ptr<float>()) &&
           convolve_back(by, size, data(gradient), data(weight), nullptr,
                         out.input.mutable_data_ptr<float>()) &&
           convolve_weight(by, size, data(x), data(gradient), out.weight.mutable_data_ptr<float>());
  }

  Made by_libtorch(at::ScalarType type, bool of_sizes = false) const {
    const auto as = [&](const at::Tensor& t) {
      const at::Tensor out = t.to(type);
      return of_sizes ? out.abs() : out;
    };
    const std::vector<std::int64_t> stride = {size.h.stride, size.w.stride},
                                    padding = {size.h.padding, size.w.padding},
                                    dilation = {size.h.dilation, size.w.dilation};
    const auto [input, of_weight, of_bias] =
        at::convolution_backward(as(gradient), as(x), as(weight), size.filters, stride, padding,
                                 dilation, false, {0, 0}, 1, {true, true, true});
    return {at::conv2d(as(x), as(weight), as(bias), stride, padding, dilation), input, of_weight};
  }
};

// Root mean square, over that of what each sum would be if nothing cancelled.
double error(const at::Tensor& made, const at::Tensor& exact, const at::Tensor& whole) {
  const at::Tensor apart = made.to(at::kDouble) - exact;
  // What nothing reaches is nothing exactly.
  CHECK(apart.masked_select(whole.eq(0)).eq(0).all().item<bool>());
  return apart.div(whole.clamp_min(1e-300)).square().mean().sqrt().item<double>();
}

void check(const Case& one, double times) {
  Made made;
  REQUIRE(one.on_tiles(made));
  const Made exact = one.by_libtorch(at::kDouble), whole = one.by_libtorch(at::kDouble, true),
             f32 = one.by_libtorch(at::kFloat);
  for (const auto part : {&Made::forward, &Made::input, &Made::weight}) {
    CAPTURE(part == &Made::forward);
    CAPTURE(part == &Made::input);
    CHECK(error(made.*part, exact.*part, whole.*part) <=
          times * error(f32.*part, exact.*part, whole.*part) + 3e-8);
  }
}

}  // namespace

TEST_CASE("convolutions on tiles are f32, over odd sizes") {
  if (tiles() == nullptr) return;
  at::manual_seed(1);
  struct Filter {
    std::int64_t kernel, stride, padding, dilation;
  };
  for (const Filter f : {Filter{1, 1, 0, 1},
                         {3, 1, 1, 1},
                         {4, 2, 1, 1},
                         {3, 2, 0, 1},
                         {3, 1, 2, 2},
                         {2, 3, 1, 1},
                         {1, 2, 0, 1},
                         {5, 2, 4, 3}}) {
    for (const std::int64_t images : {1, 3, 18}) {
      for (const std::int64_t width : {1, 5, 16, 37}) {
        for (const std::int64_t channels : {1, 33}) {
          const ConvAxis w = axis(width, f.kernel, f.stride, f.padding, f.dilation);
          const ConvAxis h = axis(7, 3, f.stride, f.padding, 1);
          if (width + 2 * f.padding < f.dilation * (f.kernel - 1) + 1) continue;
          CAPTURE(f.kernel);
          CAPTURE(f.stride);
          CAPTURE(images);
          CAPTURE(width);
          CAPTURE(channels);
          check(Case({images, channels, 40, h, w}), 2);
        }
      }
    }
  }
}

TEST_CASE("convolutions on tiles are no less exact than oneDNN's") {
  if (tiles() == nullptr) return;
  at::manual_seed(2);
  for (const std::int64_t width : {4, 32}) {
    const ConvAxis side = axis(width, 3, 1, 1, 1);
    check(Case({16, 256 * 4 / width, 64, side, side}), 1.1);
  }
}

TEST_CASE("a point's filter is a product") {
  if (tiles() == nullptr) return;
  at::manual_seed(3);
  const ConvAxis side = axis(7, 1, 1, 0, 1);
  check(Case({5, 70, 50, side, side}), 1.5);
}

TEST_CASE("numbers that can not be cut are left to others") {
  if (tiles() == nullptr) return;
  at::manual_seed(4);
  const ConvAxis side = axis(9, 3, 1, 1, 1);
  for (const float value :
       {std::numeric_limits<float>::infinity(), std::nanf(""), std::numeric_limits<float>::max()}) {
    for (const auto part : {&Case::x, &Case::weight, &Case::gradient}) {
      Case one({2, 5, 6, side, side});
      (one.*part).view(-1)[7] = value;
      Made made;
      CHECK(!one.on_tiles(made));
    }
  }
}

TEST_CASE("convolutions on tiles give the same bits with any number of threads") {
  if (tiles() == nullptr) return;
  at::manual_seed(5);
  const ConvAxis side = axis(20, 3, 2, 1, 1);
  const Case one({9, 64, 96, side, side});
  const int before = at::get_num_threads();
  Made first;
  REQUIRE(one.on_tiles(first));
  for (const int threads : {1, 2, 3, 7}) {
    at::set_num_threads(threads);
    Made made;
    REQUIRE(one.on_tiles(made));
    for (const auto part : {&Made::forward, &Made::input, &Made::weight})
      CHECK((made.*part).equal(first.*part));
  }
  at::set_num_threads(before);
}

}  // namespace fdl::testing
