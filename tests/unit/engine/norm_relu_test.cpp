#include "lib/nn/norm_relu.h"

#include <vector>

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/unit/engine/support.h"

#undef CHECK  // libtorch's logging has one, too
#define CHECK DOCTEST_CHECK

// A norm with what stands around the relu behind it is libtorch's operators in f64.
namespace fdl::testing {
namespace {

constexpr double kNewest = 0.1, kEps = 1e-5;

enum class Kind { Relu, Sum, Pool };

// Batch, channels, height and width: vectors of channels and more or less, odd lines, several
// pieces for each of several threads.
const std::vector<std::vector<std::int64_t>> kSizes = {
    {2, 3, 5, 7}, {1, 20, 2, 2}, {2, 64, 9, 8}, {1, 33, 40, 41}, {16, 100, 8, 8}, {3, 8, 70, 64}};

struct Setup {
  Kind kind;
  at::Tensor x, added;
  nn::ChannelTensors own;

  Setup(Kind which, const std::vector<std::int64_t>& sizes) : kind(which) {
    const auto images = [&](std::uint64_t seed) {
      return random_tensor(sizes, seed).to(at::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
    };
    const auto channels = [&](std::uint64_t seed) {
      return random_tensor({sizes[1]}, seed).to(at::kFloat);
    };
    x = images(1).mul(3).add(channels(6).view({1, -1, 1, 1}));
    if (kind == Kind::Sum) added = images(7);
    own = {channels(2), channels(3), channels(4), channels(5).abs()};
  }

  Setup in(at::ScalarType dtype) const {
    Setup out = *this;
    const auto copy = [&](at::Tensor& t) {
      if (t.defined()) t = t.to(dtype, false, /*copy=*/true);
    };
    for (at::Tensor* t : {&out.x, &out.added, &out.own.weight, &out.own.bias, &out.own.running_mean,
                          &out.own.running_var})
      copy(*t);
    return out;
  }

  std::vector<at::Tensor> leaves() {
    std::vector<at::Tensor> out = {x, own.weight, own.bias};
    if (added.defined()) out.push_back(added);
    for (at::Tensor& one : out) one.requires_grad_();
    return out;
  }
};

at::Tensor run(const Setup& of) {
  return nn::norm_relu_channels(of.x, of.own, kNewest, kEps, {of.added, of.kind == Kind::Pool});
}

at::Tensor run_libtorch(const Setup& of) {
  at::Tensor y = at::batch_norm(of.x, of.own.weight, of.own.bias, of.own.running_mean,
                                of.own.running_var, true, kNewest, kEps, false);
  if (of.kind == Kind::Sum) y = y + of.added;
  y = y.relu();
  return of.kind == Kind::Pool ? at::max_pool2d(y, 2) : y;
}

std::vector<at::Tensor> gradients(const at::Tensor& y, const std::vector<at::Tensor>& leaves) {
  const at::Tensor by = random_tensor(y.sizes().vec(), 9).to(y.scalar_type());
  return torch::autograd::grad({y}, leaves, {by});
}

double off(const at::Tensor& made, const at::Tensor& exact) {
  return (made.to(at::kDouble) - exact).abs().max().item<double>() /
         exact.abs().max().item<double>();
}

constexpr Kind kKinds[] = {Kind::Relu, Kind::Sum, Kind::Pool};

}  // namespace

TEST_CASE("a norm, a sum, relu and windows: outputs, statistics and gradients as in f64") {
  for (const Kind kind : kKinds) {
    CAPTURE(static_cast<int>(kind));
    for (const auto& sizes : kSizes) {
      CAPTURE(sizes);
      const Setup at_start(kind, sizes);
      Setup ours = at_start.in(at::kFloat), exact = at_start.in(at::kDouble);
      const auto our_leaves = ours.leaves(), exact_leaves = exact.leaves();
      const at::Tensor y = run(ours), expected = run_libtorch(exact);
      CHECK(y.is_contiguous(at::MemoryFormat::ChannelsLast));
      CHECK(off(y, expected) < 2e-6);
      CHECK(off(ours.own.running_mean, exact.own.running_mean) < 1e-6);
      CHECK(off(ours.own.running_var, exact.own.running_var) < 1e-6);
      const auto made = gradients(y, our_leaves), wanted = gradients(expected, exact_leaves);
      for (std::size_t i = 0; i < made.size(); ++i) CHECK(off(made[i], wanted[i]) < 5e-6);
    }
  }
}

TEST_CASE("a norm and what is around its relu: without scale or shift, and only wanted gradients") {
  for (const Kind kind : kKinds) {
    CAPTURE(static_cast<int>(kind));
    Setup of(kind, {2, 20, 4, 5});
    of.own = {};
    Setup exact = of.in(at::kDouble);
    of.x.requires_grad_();
    exact.x.requires_grad_();
    const at::Tensor y = run(of), expected = run_libtorch(exact);
    CHECK(off(y, expected) < 2e-6);
    CHECK(off(gradients(y, {of.x})[0], gradients(expected, {exact.x})[0]) < 5e-6);

    Setup frozen(kind, {2, 18, 3, 4}), frozen_exact = frozen.in(at::kDouble);
    frozen.own.bias.requires_grad_();
    frozen_exact.own.bias.requires_grad_();
    const auto made = gradients(run(frozen), {frozen.own.bias}),
               wanted = gradients(run_libtorch(frozen_exact), {frozen_exact.own.bias});
    CHECK(off(made[0], wanted[0]) < 5e-6);
  }
}

TEST_CASE("a norm and what is around its relu: gradients of gradients") {
  for (const Kind kind : kKinds) {
    CAPTURE(static_cast<int>(kind));
    const Setup at_start(kind, {2, 18, 4, 6});
    Setup ours = at_start.in(at::kFloat), exact = at_start.in(at::kDouble);
    const auto second = [](const at::Tensor& y, const std::vector<at::Tensor>& leaves) {
      const at::Tensor by = random_tensor(y.sizes().vec(), 9).to(y.scalar_type());
      const auto first = torch::autograd::grad({y.pow(2)}, leaves, {by}, true, true);
      at::Tensor sum = first[0].pow(2).sum();
      for (std::size_t i = 1; i < first.size(); ++i) sum = sum + first[i].pow(2).sum();
      return torch::autograd::grad({sum}, leaves);
    };
    const auto our_leaves = ours.leaves(), exact_leaves = exact.leaves();
    const auto made = second(run(ours), our_leaves),
               wanted = second(run_libtorch(exact), exact_leaves);
    for (std::size_t i = 0; i < made.size(); ++i) {
      CAPTURE(i);
      CHECK(off(made[i], wanted[i]) < 1e-4);
    }
  }
}

}  // namespace fdl::testing
