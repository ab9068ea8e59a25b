#include "lib/nn/channel_norm.h"

#include <limits>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/unit/engine/support.h"

#undef CHECK  // libtorch's logging has one, too
#define CHECK DOCTEST_CHECK

namespace fdl::testing {
namespace {

constexpr double kNewest = 0.1, kEps = 1e-5;

// Batch, channels, height and width: a vector of channels and more or less, one pixel, many.
const std::vector<std::vector<std::int64_t>> kSizes = {
    {2, 3, 5, 7}, {3, 17, 1, 2}, {2, 64, 9, 9}, {1, 33, 40, 41}, {16, 100, 8, 8}};

struct Setup {
  at::Tensor x;
  nn::ChannelTensors own;

  explicit Setup(const std::vector<std::int64_t>& sizes)
      : x(random_tensor(sizes, 1)
              .mul(3)
              .add(5)
              .to(at::kFloat)
              .contiguous(at::MemoryFormat::ChannelsLast)) {
    const auto channels = [&](std::uint64_t seed) {
      return random_tensor({sizes[1]}, seed).to(at::kFloat);
    };
    own = {channels(2), channels(3), channels(4), channels(5).abs()};
  }
  Setup in(at::ScalarType dtype) const {
    Setup out = *this;
    const auto copy = [&](const at::Tensor& t) { return t.to(dtype, false, /*copy=*/true); };
    out.x = copy(x);
    out.own = {copy(own.weight), copy(own.bias), copy(own.running_mean), copy(own.running_var)};
    return out;
  }
  std::vector<at::Tensor> leaves() {
    std::vector<at::Tensor> out = {x, own.weight, own.bias};
    for (at::Tensor& one : out) one.requires_grad_();
    return out;
  }
};

at::Tensor run(const Setup& of) { return nn::batch_norm_channels(of.x, of.own, kNewest, kEps); }
at::Tensor run_libtorch(const Setup& of) {
  return at::batch_norm(of.x, of.own.weight, of.own.bias, of.own.running_mean, of.own.running_var,
                        true, kNewest, kEps, false);
}

std::vector<at::Tensor> gradients(const at::Tensor& y, const std::vector<at::Tensor>& leaves) {
  const at::Tensor by = random_tensor(y.sizes().vec(), 9).to(y.scalar_type());
  return torch::autograd::grad({y}, leaves, {by});
}

double off(const at::Tensor& made, const at::Tensor& exact) {
  return (made.to(at::kDouble) - exact).abs().max().item<double>() /
         exact.abs().max().item<double>();
}

}  // namespace

TEST_CASE("batch_norm of channels last: outputs, statistics and gradients as in f64") {
  for (const auto& sizes : kSizes) {
    CAPTURE(sizes);
    const Setup at_start(sizes);
    REQUIRE(nn::fits_batch_norm_channels(at_start.x, at_start.own));
    Setup ours = at_start.in(at::kFloat), exact = at_start.in(at::kDouble);
    const auto our_leaves = ours.leaves(), exact_leaves = exact.leaves();
    const at::Tensor y = run(ours), expected = run_libtorch(exact);
    CHECK(y.is_contiguous(at::MemoryFormat::ChannelsLast));
    CHECK(off(y, expected) < 1e-6);
    CHECK(off(ours.own.running_mean, exact.own.running_mean) < 1e-6);
    CHECK(off(ours.own.running_var, exact.own.running_var) < 1e-6);
    const auto made = gradients(y, our_leaves), wanted = gradients(expected, exact_leaves);
    for (std::size_t i = 0; i < made.size(); ++i) CHECK(off(made[i], wanted[i]) < 2e-6);
  }
}

TEST_CASE("batch_norm of channels last: without scale, shift or statistics") {
  Setup of({2, 20, 4, 5});
  of.own = {};
  REQUIRE(nn::fits_batch_norm_channels(of.x, of.own));
  const at::Tensor x = of.x.requires_grad_();
  const at::Tensor exact = of.x.detach().to(at::kDouble).requires_grad_();
  const at::Tensor y = run(of);
  const at::Tensor expected = at::batch_norm(exact, {}, {}, {}, {}, true, kNewest, kEps, false);
  CHECK(off(y, expected) < 1e-6);
  CHECK(off(gradients(y, {x})[0], gradients(expected, {exact})[0]) < 2e-6);
}

TEST_CASE("batch_norm of channels last: gradients of its gradients, and only wanted ones") {
  Setup ours({2, 18, 3, 4}), exact = ours.in(at::kDouble);
  const auto second = [](const at::Tensor& y, std::vector<at::Tensor> leaves) {
    const at::Tensor by = random_tensor(y.sizes().vec(), 9).to(y.scalar_type());
    const auto first = torch::autograd::grad({y.pow(2)}, {leaves[0]}, {by}, true, true);
    return torch::autograd::grad({first[0].pow(2).sum()}, {leaves[0]})[0];
  };
  const auto our_leaves = ours.leaves(), exact_leaves = exact.leaves();
  CHECK(off(second(run(ours), our_leaves), second(run_libtorch(exact), exact_leaves)) < 1e-4);

  Setup frozen({2, 18, 3, 4});
  frozen.own.bias.requires_grad_();
  const at::Tensor by = random_tensor(frozen.x.sizes().vec(), 9).to(at::kFloat);
  const at::Tensor of_bias = torch::autograd::grad({run(frozen)}, {frozen.own.bias}, {by})[0];
  CHECK(off(of_bias, by.to(at::kDouble).sum({0, 2, 3})) < 1e-6);
}

TEST_CASE("batch_norm of channels last: NaN and infinite numbers stay in their channel") {
  Setup of({2, 20, 4, 5});
  of.x.select(1, 3).select(0, 1).fill_(std::numeric_limits<float>::quiet_NaN());
  of.x.select(1, 7).select(0, 0).fill_(std::numeric_limits<float>::infinity());
  const at::Tensor broken = run(of).isfinite().logical_not().any(3).any(2).any(0);
  CHECK(broken.nonzero().flatten().equal(at::tensor({3, 7}, at::kLong)));
}

TEST_CASE("batch_norm of channels last: one number of threads gives one result") {
  const int before = at::get_num_threads();
  const Setup of({16, 100, 8, 8});
  for (const int threads : {1, 2, 3, 5}) {
    at::set_num_threads(threads);
    const at::Tensor once = run(of.in(at::kFloat)), again = run(of.in(at::kFloat));
    CHECK(once.equal(again));
    CHECK(off(once, run_libtorch(of.in(at::kDouble))) < 1e-6);
  }
  at::set_num_threads(before);
}

}  // namespace fdl::testing
