#include "lib/kernels/winograd.h"

#include <array>
#include <cmath>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <doctest/doctest.h>

#include "lib/kernels/cpu_kind.h"

// Winograd's filtering beside the formula in f64, for each kind of CPU.
namespace fdl::testing {
namespace {

using kernels::ConvAxis;
using kernels::ConvSize;
using kernels::RowFunctions;

ConvAxis axis(std::int64_t in, std::int64_t kernel, std::int64_t padding) {
  const std::int64_t stride = kernel == 4 ? 2 : 1;
  return {in, (in + 2 * padding - kernel) / stride + 1, kernel, stride, padding, 1};
}

// Odd and even, few and many tiles, with what a filter does not reach at the end, and more images
// than a block has.
std::vector<ConvSize> sizes() {
  std::vector<ConvSize> out;
  for (const std::int64_t kernel : {3, 4}) {
    const auto add = [&](std::int64_t images, std::int64_t channels, std::int64_t filters,
                         std::int64_t height, std::int64_t width, std::int64_t padding) {
      out.push_back(
          {images, channels, filters, axis(height, kernel, padding), axis(width, kernel, padding)});
    };
    add(1, 32, 32, 4, 4, 0);
    add(2, 32, 64, 8, 8, 1);
    add(3, 64, 32, 7, 10, 1);
    add(2, 32, 32, 9, 5, 2);
    add(1, 32, 32, 5, 13, 3);
    add(5, 96, 64, 11, 12, 1);
    add(40, 64, 128, 6, 7, 1);
    add(3, 32, 32, 33, 70, 1);
  }
  return out;
}

struct Made {
  at::Tensor forward, input, weight;
};

struct Case {
  ConvSize size;
  at::Tensor x, weight, bias, gradient, of_input;

  explicit Case(const ConvSize& of)
      : size(of),
        x(at::randn({of.images, of.channels, of.h.in, of.w.in})),
        weight(at::randn({of.filters, of.channels, of.h.kernel, of.w.kernel})),
        bias(at::randn({of.filters})),
        gradient(at::randn({of.images, of.filters, of.h.out, of.w.out})),
        of_input(at::randn({of.channels})) {}

  // Whether each of the three found its numbers finite. Nothing is written behind what it may use.
  std::array<bool, 3> filter(const RowFunctions& by, Made& out) const {
    const auto last = [](const at::Tensor& t) {
      return t.contiguous(at::MemoryFormat::ChannelsLast);
    };
    const at::Tensor images = last(x), filters = last(gradient);
    out = {at::full_like(filters, std::nan("")), at::full_like(images, std::nan("")),
           at::full_like(weight, std::nan(""))};
    const auto data = [](const at::Tensor& t) { return t.const_data_ptr<float>(); };
    const auto to = [](const at::Tensor& t) { return t.mutable_data_ptr<float>(); };
    const auto with_scratch = [&](auto run) {
      constexpr float kMark = 7;
      const std::int64_t num = winograd_scratch(size);
      const at::Tensor scratch = at::full({num + 64}, std::nan(""));
      scratch.narrow(0, num, 64).fill_(kMark);
      const bool is_done = run(to(scratch));
      CHECK(scratch.narrow(0, num, 64).eq(kMark).all().item<bool>());
      return is_done;
    };
    const bool forward = with_scratch([&](float* scratch) {
      return convolve_winograd(by, size, data(images), data(weight), data(bias), to(out.forward),
                               scratch);
    });
    const bool input = with_scratch([&](float* scratch) {
      return convolve_winograd_back(by, size, data(filters), data(weight), data(of_input),
                                    to(out.input), scratch);
    });
    const bool of_weight = with_scratch([&](float* scratch) {
      return convolve_winograd_weight(by, size, data(images), data(filters), to(out.weight),
                                      scratch);
    });
    return {forward, input, of_weight};
  }

  Made exact(at::ScalarType type = at::kDouble) const {
    const auto leaf = [&](const at::Tensor& t) { return t.to(type).detach().requires_grad_(); };
    const at::Tensor images = leaf(x), filters = leaf(weight);
    const at::Tensor out =
        at::conv2d(images, filters, bias.to(type), {size.h.stride, size.w.stride},
                   {size.h.padding, size.w.padding});
    out.backward(gradient.to(type));
    return {out.detach(), images.grad() + of_input.to(type).view({1, -1, 1, 1}), filters.grad()};
  }
};

constexpr std::array<bool, 3> kAll = {true, true, true};

double error(const at::Tensor& made, const at::Tensor& exact) {
  return (made.to(at::kDouble) - exact).abs().max().item<double>() /
         exact.abs().max().item<double>();
}

}  // namespace

TEST_CASE("winograd's filtering and its gradients are a convolution's, for every kind of CPU") {
  at::manual_seed(1);
  for (const ConvSize& size : sizes()) {
    CAPTURE(size.images);
    CAPTURE(size.h.in);
    CAPTURE(size.w.in);
    CAPTURE(size.h.kernel);
    CAPTURE(size.h.padding);
    const Case one(size);
    const Made exact = one.exact();
    for (const kernels::CpuKind kind : kernels::cpu_kinds()) {
      const RowFunctions& by = kernels::row_functions_of(kind);
      REQUIRE(winograd_fits(size, by));
      Made made;
      CHECK(one.filter(by, made) == kAll);
      CHECK(error(made.forward, exact.forward) < 2e-6);
      CHECK(error(made.input, exact.input) < 2e-6);
      CHECK(error(made.weight, exact.weight) < 2e-6);
    }
  }
}

TEST_CASE("winograd's filtering is within three times libtorch's own error") {
  at::manual_seed(2);
  for (const std::int64_t kernel : {3, 4}) {
    const Case one({32, 64, 64, axis(32, kernel, 1), axis(32, kernel, 1)});
    const Made exact = one.exact(), theirs = one.exact(at::kFloat);
    Made made;
    REQUIRE(one.filter(kernels::row_functions(), made) == kAll);
    CHECK(error(made.forward, exact.forward) < 3 * error(theirs.forward, exact.forward) + 1e-7);
    CHECK(error(made.input, exact.input) < 3 * error(theirs.input, exact.input) + 1e-7);
    CHECK(error(made.weight, exact.weight) < 3 * error(theirs.weight, exact.weight) + 1e-7);
  }
}

TEST_CASE("winograd's filtering gives the same bits each time, and says what is not finite") {
  at::manual_seed(3);
  const RowFunctions& by = kernels::row_functions();
  const int threads = at::get_num_threads();
  for (const std::int64_t kernel : {3, 4}) {
    for (const int num : {1, 2, 3}) {
      at::set_num_threads(num);
      Case one({5, 32, 64, axis(14, kernel, 1), axis(9, kernel, 1)});
      Made first, second;
      CHECK(one.filter(by, first) == kAll);
      CHECK(one.filter(by, second) == kAll);
      CHECK(first.forward.equal(second.forward));
      CHECK(first.input.equal(second.input));
      CHECK(first.weight.equal(second.weight));
      CHECK(error(first.weight, one.exact().weight) < 2e-6);
      for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL, 3e38}) {
        // Two such large numbers of a tile differ by more than f32 holds.
        Case of_x = one, of_weight = one, of_gradient = one;
        of_x.x = one.x.clone();
        of_x.x[4][31].slice(0, 12).fill_(bad).slice(1, 0, 9, 2).neg_();
        CHECK(of_x.filter(by, first) == std::array{false, true, false});
        of_gradient.gradient = one.gradient.clone();
        of_gradient.gradient[4][63].fill_(bad);
        CHECK(of_gradient.filter(by, first) == std::array{true, false, false});
        of_weight.weight = one.weight.clone();
        of_weight.weight[63][0].fill_(bad);
        CHECK(of_weight.filter(by, first) == std::array{false, false, true});
      }
      // The smallest numbers are numbers.
      one.x = one.x.mul(1e-42);
      CHECK(one.filter(by, first) == kAll);
    }
  }
  at::set_num_threads(threads);
}

TEST_CASE("winograd's filtering takes sizes that it knows, and pays for enough tiles") {
  const ConvSize good = {64, 64, 64, axis(32, 3, 1), axis(32, 3, 1)};
  CHECK(winograd_fits(good));
  CHECK(winograd_pays(good));
  const auto with = [&](auto change) {
    ConvSize out = good;
    change(out);
    return out;
  };
  CHECK(!winograd_fits(with([](ConvSize& s) { s.channels = 65; })));
  CHECK(!winograd_fits(with([](ConvSize& s) { s.filters = 24; })));
  CHECK(!winograd_fits(with([](ConvSize& s) { s.h.dilation = 2; })));
  CHECK(!winograd_fits(with([](ConvSize& s) { s.w.stride = 2; })));
  CHECK(!winograd_fits(with([](ConvSize& s) { s.h = axis(32, 4, 1); })));
  CHECK(!winograd_fits(with([](ConvSize& s) { s.h = s.w = axis(1, 3, 0); })));
  CHECK(!winograd_pays(with([](ConvSize& s) { s.h = s.w = axis(3, 3, 0); })));  // one place of four
  CHECK(!winograd_pays(with([](ConvSize& s) { s.images = 1, s.h = s.w = axis(8, 3, 1); })));
}

}  // namespace fdl::testing
