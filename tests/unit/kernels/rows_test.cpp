#include "lib/kernels/rows.h"

#include <bit>
#include <cmath>
#include <functional>
#include <numbers>

#include <ATen/ATen.h>
#include <doctest/doctest.h>

// Each loop beside libtorch's operator, for each kind of CPU that this one can be.
namespace fdl::testing {
namespace {

using kernels::RowFunctions;

std::vector<std::pair<std::string, const RowFunctions*>> all_row_functions() {
  std::vector<std::pair<std::string, const RowFunctions*>> out;
  for (const kernels::CpuKind kind : kernels::cpu_kinds())
    out.emplace_back(kernels::name_of(kind), &kernels::row_functions_of(kind));
  return out;
}

const float* in(const at::Tensor& t) { return t.const_data_ptr<float>(); }
float* out(const at::Tensor& t) { return t.mutable_data_ptr<float>(); }

// Some of libtorch's ways of computing gelu give nan at the infinities.
at::Tensor without_infinities(const at::Tensor& x) { return at::where(x.isinf(), 200, x); }

// Numbers of all sizes, and those at the edges: denormal, infinite, none.
at::Tensor numbers(std::int64_t count, bool with_edges) {
  at::Tensor some = at::randn({count}) * 3;
  if (!with_edges) return some;
  const at::Tensor edges = at::tensor({0.0F, -0.0F, 1e-41F, -1e-41F, 1e-30F, -1e-30F, 88.0F, -88.0F,
                                       200.0F, -200.0F, INFINITY, -INFINITY, NAN});
  return at::cat({some, edges, some});
}

bool agree(const at::Tensor& a, const at::Tensor& b) {
  return a.allclose(b, 1e-5, 1e-6, /*equal_nan=*/true);
}

struct Map {
  const char* name;
  RowFunctions::Map RowFunctions::*map;
  RowFunctions::Gradient RowFunctions::*gradient;
  bool by_output;
  std::function<at::Tensor(const at::Tensor&)> map_of;
  std::function<at::Tensor(const at::Tensor&, const at::Tensor&)> gradient_of;
};

const std::vector<Map>& maps() {
  using T = at::Tensor;
  static const std::vector<Map> all = {
      {"relu", &RowFunctions::relu, &RowFunctions::relu_gradient, true,
       [](const T& x) { return at::relu(x); },
       [](const T& g, const T& y) { return at::threshold_backward(g, y, 0); }},
      {"gelu", &RowFunctions::gelu, &RowFunctions::gelu_gradient, false,
       [](const T& x) { return at::gelu(x); },
       [](const T& g, const T& x) { return at::gelu_backward(g, x); }},
      {"tanh", &RowFunctions::tanh, &RowFunctions::tanh_gradient, true,
       [](const T& x) { return at::tanh(x); },
       [](const T& g, const T& y) { return at::tanh_backward(g, y); }},
      {"sigmoid", &RowFunctions::sigmoid, &RowFunctions::sigmoid_gradient, true,
       [](const T& x) { return at::sigmoid(x); },
       [](const T& g, const T& y) { return at::sigmoid_backward(g, y); }},
      {"silu", &RowFunctions::silu, &RowFunctions::silu_gradient, false,
       [](const T& x) { return at::silu(x); },
       [](const T& g, const T& x) { return at::silu_backward(g, x); }},
  };
  return all;
}

constexpr std::int64_t kCounts[] = {1, 2, 7, 8, 15, 16, 17, 31, 33, 64, 100, 1000};

}  // namespace

TEST_CASE("maps and their gradients") {
  at::manual_seed(1);
  for (const auto& [kind, f] : all_row_functions()) {
    for (const Map& one : maps()) {
      for (const std::int64_t count : kCounts) {
        for (const bool with_edges : {false, true}) {
          CAPTURE(kind);
          CAPTURE(std::string(one.name));
          CAPTURE(count);
          CAPTURE(with_edges);
          const at::Tensor all = numbers(count, with_edges);
          const at::Tensor x = one.map == &RowFunctions::gelu ? without_infinities(all) : all;
          const at::Tensor y = at::empty_like(x);
          (f->*one.map)(in(x), out(y), x.numel());
          CHECK(agree(y, one.map_of(x)));
          const at::Tensor g = at::randn(x.sizes()), kept = one.by_output ? one.map_of(x) : x;
          const at::Tensor expected = one.gradient_of(g, kept);
          at::Tensor made = at::full(x.sizes(), 0.5F);
          (f->*one.gradient)(in(g), in(kept), out(made), x.numel(), false);
          CHECK(agree(made, expected));
          made.fill_(0.5);
          (f->*one.gradient)(in(g), in(kept), out(made), x.numel(), true);
          CHECK(agree(made, expected + 0.5));
          made.copy_(g);  // in place
          (f->*one.gradient)(in(made), in(kept), out(made), x.numel(), false);
          CHECK(agree(made, expected));
        }
      }
    }
  }
}

TEST_CASE("sums, products and copies") {
  at::manual_seed(1);
  for (const auto& [kind, f] : all_row_functions()) {
    for (const std::int64_t width : kCounts) {
      CAPTURE(kind);
      CAPTURE(width);
      constexpr std::int64_t kRows = 5, kMoreRows = 37;  // than lanes
      const at::Tensor a = at::randn({kRows, width}), b = at::randn({kRows, width}),
                       bias = at::randn({width}), more = at::randn({kMoreRows, width});
      at::Tensor made = more.clone();
      f->add_bias(out(made), in(bias), kMoreRows, width);
      CHECK(made.equal(more + bias));
      made = a.clone();
      f->add(in(a), in(b), out(made), a.numel());
      CHECK(made.equal(a + b));
      f->mul(in(a), in(b), out(made), a.numel(), false);
      CHECK(made.equal(a * b));
      made.copy_(b);
      f->copy(in(a), out(made), a.numel(), true);
      CHECK(made.equal(b + a));
      at::Tensor sums = bias.clone();
      f->column_sums(in(a), out(sums), kRows, width);
      CHECK(agree(sums, bias + a.sum(0)));
    }
  }
}

TEST_CASE("a norm over the last axis, and its gradients") {
  at::manual_seed(1);
  for (const auto& [kind, f] : all_row_functions()) {
    for (const std::int64_t width : {1, 2, 7, 16, 33, 512}) {
      for (const int affine : {0, 1, 2}) {  // neither, a weight, both
        CAPTURE(kind);
        CAPTURE(width);
        CAPTURE(affine);
        constexpr std::int64_t kRows = 3;
        const at::Tensor x = at::randn({kRows, width}) * 2 + 1, g = at::randn({kRows, width});
        const at::Tensor w = affine > 0 ? at::randn({width}) : at::Tensor(),
                         b = affine > 1 ? at::randn({width}) : at::Tensor();
        const auto [y, mean, inverse] = at::native_layer_norm(x, {width}, w, b, 1e-5);
        at::Tensor made = at::empty_like(x), m = at::empty({kRows}), s = at::empty({kRows});
        f->layer_norm(in(x), w.defined() ? in(w) : nullptr, b.defined() ? in(b) : nullptr, 1e-5F,
                      out(made), out(m), out(s), kRows, width);
        CHECK(made.allclose(y, 1e-4, 1e-5));
        CHECK(agree(m, mean.flatten()));
        const auto [gx, gw, gb] = at::native_layer_norm_backward(g, x, {width}, mean, inverse, w, b,
                                                                 {true, affine > 0, affine > 1});
        made.copy_(g);  // in place
        f->layer_norm_gradient(in(made), in(x), w.defined() ? in(w) : nullptr, in(m), in(s),
                               out(made), kRows, width, false);
        CHECK(made.allclose(gx, 1e-4, width < 3 ? 1e-2 : 1e-5));
        at::Tensor sums = at::zeros({2, width});
        f->layer_norm_sums(in(g), in(x), in(m), in(s), out(sums), out(sums) + width, kRows, width);
        if (affine > 0) CHECK(sums[0].allclose(gw, 1e-4, width < 3 ? 1e-2 : 1e-5));
        if (affine > 1) CHECK(agree(sums[1], gb));
      }
    }
  }
}

// As the softmax of a row leaves them, whose largest number is 0.
TEST_CASE("exponentials are off by two last bits at most, and 0 where they would be denormal") {
  constexpr double kTwoBits = 2 * 0x1p-23;
  const at::Tensor x = at::linspace(-87.3, 0, 100'001);
  const at::Tensor small = at::tensor({0.0F, -87.4F, -88.0F, -100.0F, -1e4F, -INFINITY});
  for (const auto& [kind, f] : all_row_functions()) {
    CAPTURE(kind);
    const at::Tensor made = at::empty_like(x), exact = x.to(at::kDouble).exp();
    f->softmax(in(x), out(made), x.numel());
    CHECK(made.sub(exact).div(exact).abs().max().item<double>() < kTwoBits);
    const at::Tensor none = at::empty_like(small);
    f->softmax(in(small), out(none), small.numel());
    CHECK(none.equal(small.eq(0).to(at::kFloat)));
  }
}

TEST_CASE("softmax of a row") {
  at::manual_seed(1);
  for (const auto& [kind, f] : all_row_functions()) {
    for (const std::int64_t count : kCounts) {
      CAPTURE(kind);
      CAPTURE(count);
      for (const float shift : {0.0F, 500.0F, -500.0F}) {
        const at::Tensor x = at::randn({count}) * 3 + shift, e = at::empty_like(x);
        const auto [max, sum] = f->softmax(in(x), out(e), count);
        CHECK(max == x.max().item<float>());
        CHECK(agree(e / sum, at::softmax(x, 0)));
        CHECK(f->softmax(in(x), nullptr, count).sum == doctest::Approx(sum));
      }
      const at::Tensor with_none = at::randn({count}).index_fill(0, at::tensor({count / 2}), NAN);
      CHECK(std::isnan(f->softmax(in(with_none), nullptr, count).sum));
      at::Tensor y = at::randn({count});
      const at::Tensor expected = y * 3 - 2;
      CHECK(f->is_finite(in(y), count));
      for (const float bad : {NAN, INFINITY, -INFINITY}) {
        for (const std::int64_t place : {std::int64_t{0}, count / 2, count - 1})
          CHECK_FALSE(f->is_finite(in(y.index_fill(0, at::tensor({place}), bad)), count));
      }
      CHECK(f->sum(in(y), count) == doctest::Approx(y.sum().item<float>()).epsilon(1e-4));
      f->scale(out(y), 3, -2, count);
      CHECK(agree(y, expected));
    }
  }
}

TEST_CASE("softmax of many short rows, wherever they stand among them") {
  at::manual_seed(1);
  for (const auto& [kind, f] : all_row_functions()) {
    for (const std::int64_t width : {1, 2, 4, 10, 17, 32}) {
      CAPTURE(kind);
      CAPTURE(width);
      constexpr std::int64_t kRows = 39;
      at::Tensor x = at::randn({kRows, width}) * 3 + 500;
      const at::Tensor max = at::empty({kRows}), sum = at::empty({kRows}),
                       shares = at::empty_like(x);
      f->short_softmax(in(x), {out(max), out(sum), out(shares), 2, -3}, kRows, width);
      CHECK(max.equal(x.amax(1)));
      CHECK(agree(sum, (x - max.unsqueeze(1)).exp().sum(1)));
      CHECK(agree(shares, at::softmax(x, 1) * 2 - 3));
      const at::Tensor alone = at::empty({1, width}), of_one = at::empty({2});
      f->short_softmax(in(x[kRows - 1]), {out(of_one), out(of_one) + 1, out(alone), 2, -3}, 1,
                       width);
      CHECK(alone[0].equal(shares[kRows - 1]));
      CHECK(of_one[1].equal(sum[kRows - 1]));
      x[3][width / 2] = NAN;
      x[4].fill_(-INFINITY);
      x[5][0] = INFINITY;
      f->short_softmax(in(x), {out(max), out(sum)}, kRows, width);
      const at::Tensor is_none = at::arange(kRows).ge(3).logical_and(at::arange(kRows).le(5));
      CHECK(sum.isnan().equal(is_none));
    }
  }
}

TEST_CASE("a step of Adam is libtorch's") {
  at::manual_seed(1);
  for (const auto& [kind, f] : all_row_functions()) {
    for (const std::int64_t count : kCounts) {
      CAPTURE(kind);
      CAPTURE(count);
      const at::Tensor x = at::randn({count}), g = at::randn({count}) * 10;
      const at::Tensor m = at::randn({count}), v = at::rand({count}).pow(8);
      v.index_fill_(0, at::zeros({1}, at::kLong), 0);
      std::vector<at::Tensor> theirs = {x.clone(), m.clone(), v.clone()};
      const at::Tensor steps = at::full({}, 5.0F);
      at::_fused_adam_({theirs[0]}, {g}, {theirs[1]}, {theirs[2]}, {}, {steps}, 1e-2, 0.9, 0.999,
                       0.1, 1e-8, false, false);
      kernels::RowFunctions::Adam step;
      step.rest1 = 0.1F;
      step.beta2 = 0.999F;
      step.rest2 = 0.001F;
      step.eps = 1e-8F;
      step.rate = static_cast<float>(1e-2 / (1 - std::pow(0.9, 5)));
      step.root_factor = static_cast<float>(1 / std::sqrt(1 - std::pow(0.999, 5)));
      step.decay = 0.1F;
      step.kept = 1;
      f->adam(out(x), in(g), out(m), out(v), step, count);
      CHECK(agree(x, theirs[0]));
      CHECK(agree(m, theirs[1]));
      CHECK(agree(v, theirs[2]));
    }
    // Nothing moves nothing, and what overflows moves little.
    at::Tensor x = at::ones({40}), m = at::zeros({40}), v = at::zeros({40});
    const kernels::RowFunctions::Adam step{0.1F, 0.999F, 0.001F, 1e-8F, 0.1F, 1, 0, 1};
    f->adam(out(x), in(at::zeros({40})), out(m), out(v), step, 40);
    CHECK(x.eq(1).all().item<bool>());
    f->adam(out(x), in(at::full({40}, 1e30F)), out(m), out(v), step, 40);
    CHECK(x.isfinite().all().item<bool>());
  }
}

TEST_CASE("masks are the same bits on every kind of CPU") {
  const auto all = all_row_functions();
  for (const std::int64_t count : {1, 15, 16, 63, 64, 65, 128, 1000}) {
    for (const std::uint64_t lane : {std::uint64_t{0}, std::uint64_t{1} << 40}) {
      const kernels::MaskDraw draw = {0x123456789abcdefULL, lane, 1U << 30, 1.25F};
      std::vector<float> first(static_cast<std::size_t>(count));
      all.front().second->dropout_mask(first.data(), 0, count, draw);
      for (const auto& [kind, f] : all) {
        CAPTURE(kind);
        std::vector<float> made(static_cast<std::size_t>(count) + 1, -1.0F);
        f->dropout_mask(made.data(), 0, count, draw);
        CHECK(made.back() == -1);  // nothing behind it
        made.pop_back();
        CHECK(made == first);
        for (const std::int64_t begin : {count / 3, count - 1}) {
          std::vector<float> part(static_cast<std::size_t>(count - begin) + 1, -1.0F);
          f->dropout_mask(part.data(), begin, count - begin, draw);
          CHECK(part.back() == -1);
          part.pop_back();
          CHECK(part == std::vector<float>(first.begin() + begin, first.end()));
        }
      }
    }
  }
}

// Few values, so that many are equal; some are none or infinite.
static at::Tensor with_ties(const std::vector<std::int64_t>& sizes) {
  const at::Tensor out = at::randint(-2, 3, sizes).to(at::kFloat);
  out.masked_fill_(at::rand_like(out) < 0.05, NAN);
  return out.masked_fill_(at::rand_like(out) < 0.1, -INFINITY);
}

TEST_CASE("normals of random words are what the C library's functions give, or said to be unsure") {
  std::int64_t num_unsure = 0, num_all = 0;
  for (const auto& [kind, functions] : all_row_functions()) {
    CAPTURE(kind);
    for (std::uint64_t group = 0; group < 300; ++group) {
      std::uint32_t words[64];
      functions->random_words(words, 5, group, 0);
      // Where the radius or a sine is least or most.
      if (group < 64) words[group] = group % 2 == 0 ? 0xFFFFFFFF : 0;
      if (group < 32) words[16 + group / 16 * 32 + group % 16] = (group % 4) << 30;
      for (const auto& [mean, stddev] :
           std::vector<std::pair<double, double>>{{0, 1}, {3, 0.02}, {-1e6, 1e-3}, {0, 0}}) {
        float found[64];
        const std::uint64_t unsure = functions->normals(found, words, mean, stddev);
        for (int i = 0; i < 64; ++i) {
          const std::uint32_t* from = words + (i / 4 + i % 4 / 2 * 32);
          const double radius = std::sqrt(-2 * std::log((from[0] + 1.0) * 0x1p-32));
          const double angle = 2 * std::numbers::pi * (from[16] * 0x1p-32);
          const double value = radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle));
          const double exact = mean + stddev * value, off = stddev * radius * 0x1p-41;
          if ((unsure >> i & 1) != 0) continue;
          // And it would be with functions that are off by some last bits of f64.
          for (const double near : {exact - off, exact, exact + off})
            CHECK(found[i] == static_cast<float>(near));
        }
        if (group < 64 || stddev == 0) continue;  // made to be unsure
        num_unsure += std::popcount(unsure);
        num_all += 64;
      }
    }
  }
  CHECK(num_unsure < num_all / 5000);
}

TEST_CASE("the largest of two by two, and its gradient, are libtorch's to the bit") {
  at::manual_seed(6);
  for (const auto& [kind, f] : all_row_functions()) {
    CAPTURE(kind);
    for (const std::int64_t count : kCounts) {
      CAPTURE(count);
      const at::Tensor x = with_ties({1, 1, 2, 2 * count});
      const at::Tensor gradient = at::randn({1, 1, 1, count});
      const auto [exact, places] = at::max_pool2d_with_indices(x, 2);
      const at::Tensor made = at::full({count + 1}, 7.0F),
                       back = at::full({2, 2 * count + 1}, 7.0F);
      f->max_pool_2x2(in(x), in(x) + 2 * count, out(made), count);
      CHECK(made.narrow(0, 0, count).allclose(exact.flatten(), 0, 0, /*equal_nan=*/true));
      f->max_pool_2x2_gradient(in(gradient), in(x), in(x) + 2 * count, out(back),
                               out(back) + 2 * count + 1, count);
      const at::Tensor of_x =
          at::max_pool2d_with_indices_backward(gradient, x, 2, 2, 0, 1, false, places);
      CHECK(back.narrow(1, 0, 2 * count).equal(of_x.flatten(0, 2)));
      CHECK(made[count].item<float>() == 7);  // nothing behind it
      CHECK(back.select(1, 2 * count).eq(7).all().item<bool>());
    }
  }
}

TEST_CASE("the largest of two by two pixels, and its gradient, are libtorch's to the bit") {
  at::manual_seed(6);
  constexpr std::int64_t kPixels = 3;
  for (const auto& [kind, f] : all_row_functions()) {
    CAPTURE(kind);
    for (const std::int64_t channels : kCounts) {
      CAPTURE(channels);
      const at::Tensor x = with_ties({2, 2 * kPixels, channels});
      const at::Tensor gradient = at::randn({kPixels, channels});
      const at::Tensor image = x.permute({2, 0, 1}).unsqueeze(0);  // [1, C, 2, pixels]
      const auto [exact, places] = at::max_pool2d_with_indices(image, 2);
      const std::int64_t count = kPixels * channels;
      const at::Tensor made = at::full({count + 1}, 7.0F),
                       back = at::full({2, 2 * count + 1}, 7.0F);
      f->max_pool_2x2_channels(in(x), in(x) + 2 * count, out(made), kPixels, channels);
      CHECK(made.narrow(0, 0, count)
                .view({kPixels, channels})
                .allclose(exact[0].select(1, 0).t(), 0, 0, /*equal_nan=*/true));
      f->max_pool_2x2_channels_gradient(in(gradient), in(x), in(x) + 2 * count, out(back),
                                        out(back) + 2 * count + 1, kPixels, channels);
      const at::Tensor of_x = at::max_pool2d_with_indices_backward(
          gradient.t().unsqueeze(1).unsqueeze(0), image, 2, 2, 0, 1, false, places);
      CHECK(back.narrow(1, 0, 2 * count)
                .view({2, 2 * kPixels, channels})
                .equal(of_x[0].permute({1, 2, 0})));
      CHECK(made[count].item<float>() == 7);  // nothing behind it
      CHECK(back.select(1, 2 * count).eq(7).all().item<bool>());
    }
  }
}

TEST_CASE("the normalisation of channels side by side is as exact as f64 sums make it") {
  at::manual_seed(7);
  for (const auto& [kind, f] : all_row_functions()) {
    CAPTURE(kind);
    for (const std::int64_t channels : kCounts) {
      CAPTURE(channels);
      for (const std::int64_t rows : {1, 3, 4, 33}) {
        CAPTURE(rows);
        const at::Tensor x = at::randn({rows, channels}).add(100), g = at::randn({rows, channels});
        const at::Tensor mean = at::randn({channels}).add(100), scale = at::randn({channels}),
                         slope = at::randn({channels}), shift = at::randn({channels});
        const at::Tensor sums = at::full({4, channels + 1}, 7.0, at::kDouble);
        const auto sum = [&](std::int64_t i) { return sums[i].mutable_data_ptr<double>(); };
        f->channel_moments(in(x), sum(0), sum(1), rows, channels);
        f->channel_norm_sums(in(g), in(x), in(mean), sum(2), sum(3), rows, channels);
        const at::Tensor x64 = x.to(at::kDouble), g64 = g.to(at::kDouble);
        const at::Tensor exact =
            at::stack({x64.sum(0), x64.square().sum(0), g64.sum(0), (g64 * (x - mean)).sum(0)});
        const at::Tensor added = sums.narrow(1, 0, channels).sub(7);
        CHECK(added.narrow(0, 0, 2).allclose(exact.narrow(0, 0, 2), 1e-12, 0));
        CHECK(added.narrow(0, 2, 2).allclose(exact.narrow(0, 2, 2), 1e-5, 1e-5));
        CHECK(sums.select(1, channels).eq(7).all().item<bool>());  // nothing behind them
        const at::Tensor y = at::full({rows * channels + 1}, 7.0F), back = y.clone();
        f->channel_norm(in(x), {in(mean), in(scale), in(shift)}, out(y), rows, channels);
        f->channel_norm_gradient(in(g), in(x), {in(mean), in(scale), in(slope), in(shift)},
                                 out(back), rows, channels);
        const auto is_near = [&](const at::Tensor& made, const at::Tensor& wanted) {
          return made.narrow(0, 0, rows * channels).view_as(x).allclose(wanted, 1e-5, 1e-5) &&
                 made[rows * channels].item<float>() == 7;
        };
        CHECK(is_near(y, (x - mean) * scale + shift));
        CHECK(is_near(back, g * scale + ((x - mean) * slope + shift)));
      }
    }
  }
}

TEST_CASE("a norm with what is around its relu is one after the other, to the bit") {
  at::manual_seed(8);
  constexpr std::int64_t kPixels = 3;
  for (const auto& [kind, f] : all_row_functions()) {
    CAPTURE(kind);
    for (const std::int64_t channels : kCounts) {
      CAPTURE(channels);
      const std::int64_t rows = 4 * kPixels, line = 2 * kPixels * channels;
      const at::Tensor x = with_ties({rows, channels});
      const at::Tensor added = at::randint(-2, 3, {rows, channels}).to(at::kFloat),
                       gradient = at::randn({rows, channels}), mean = at::randn({channels}),
                       scale = at::randn({channels}), shift = at::randn({channels});
      const RowFunctions::ChannelNorm by = {in(mean), in(scale), in(shift)};
      // With a number behind, which stays.
      const auto fresh = [](std::int64_t count) { return at::full({count + 1}, 7.0F); };
      const std::int64_t count = rows * channels, pooled = kPixels * channels;
      const at::Tensor y = fresh(count), relu = fresh(count), largest = fresh(pooled),
                       of_relu = fresh(count), wanted = fresh(count);
      const auto is_wanted = [&](const at::Tensor& made, const at::Tensor& one_by_one) {
        return made.allclose(one_by_one, 0, 0, /*equal_nan=*/true) &&
               made[made.numel() - 1].item<float>() == 7;
      };
      f->channel_norm(in(x), by, out(y), rows, channels);
      f->relu(in(y), out(relu), count);
      const at::Tensor made = fresh(count), back = fresh(count);
      f->channel_norm_relu(in(x), nullptr, by, out(made), rows, channels);
      CHECK(is_wanted(made, relu));
      f->relu_gradient(in(gradient), in(relu), out(wanted), count, false);
      f->channel_norm_relu_gradient(in(gradient), in(x), by, out(back), rows, channels);
      CHECK(is_wanted(back, wanted));

      f->max_pool_2x2_channels(in(relu), in(relu) + line, out(largest), kPixels, channels);
      const at::Tensor windows = fresh(pooled), of_windows = fresh(count);
      f->channel_norm_relu_pool(in(x), in(x) + line, by, out(windows), kPixels, channels);
      CHECK(is_wanted(windows, largest));
      f->max_pool_2x2_channels_gradient(in(gradient), in(relu), in(relu) + line, out(of_relu),
                                        out(of_relu) + line, kPixels, channels);
      f->relu_gradient(in(of_relu), in(relu), out(wanted), count, false);
      f->channel_norm_relu_pool_gradient(in(gradient), in(x), in(x) + line, by, out(of_windows),
                                         out(of_windows) + line, kPixels, channels);
      CHECK(is_wanted(of_windows, wanted));

      const at::Tensor sum = fresh(count), summed = fresh(count);
      f->add(in(y), in(added), out(sum), count);
      f->relu(in(sum), out(wanted), count);
      f->channel_norm_relu(in(x), in(added), by, out(summed), rows, channels);
      CHECK(is_wanted(summed, wanted));
    }
  }
}

}  // namespace fdl::testing
