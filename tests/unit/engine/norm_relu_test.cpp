#include "lib/nn/norm_relu.h"

#include <vector>

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/unit/engine/norm_setup.h"

#undef CHECK  // libtorch's logging has one, too
#define CHECK DOCTEST_CHECK

// A norm with what stands around the relu behind it is libtorch's operators in f64.
namespace fdl::testing {
namespace {

enum class Kind { Relu, Sum, Pool };

// Batch, channels, height and width: vectors of channels and more or less, odd lines, several
// pieces for each of several threads.
const std::vector<std::vector<std::int64_t>> kSizes = {
    {2, 3, 5, 7}, {1, 20, 2, 2}, {2, 64, 9, 8}, {1, 33, 40, 41}, {16, 100, 8, 8}, {3, 8, 70, 64}};

at::Tensor run(const NormSetup& of, Kind kind) {
  return nn::norm_relu_channels(of.x, of.own, NormSetup::kNewest, NormSetup::kEps,
                                {of.added, kind == Kind::Pool});
}

at::Tensor run_libtorch(const NormSetup& of, Kind kind) {
  at::Tensor y = of.norm_by_libtorch();
  if (kind == Kind::Sum) y = y + of.added;
  y = y.relu();
  return kind == Kind::Pool ? at::max_pool2d(y, 2) : y;
}

NormSetup setup_of(Kind kind, const std::vector<std::int64_t>& sizes) {
  return NormSetup(sizes, kind == Kind::Sum);
}

constexpr Kind kKinds[] = {Kind::Relu, Kind::Sum, Kind::Pool};

}  // namespace

TEST_CASE("a norm, a sum, relu and windows: outputs, statistics and gradients as in f64") {
  for (const Kind kind : kKinds) {
    CAPTURE(static_cast<int>(kind));
    for (const auto& sizes : kSizes) {
      CAPTURE(sizes);
      const NormErrors errors = norm_errors(
          setup_of(kind, sizes), [&](const NormSetup& of) { return run(of, kind); },
          [&](const NormSetup& of) { return run_libtorch(of, kind); });
      CHECK(errors.has_channels_last);
      CHECK(errors.output < 2e-6);
      CHECK(errors.statistics < 1e-6);
      CHECK(errors.gradients < 5e-6);
    }
  }
}

TEST_CASE("a norm and what is around its relu: without scale or shift, and only wanted gradients") {
  for (const Kind kind : kKinds) {
    CAPTURE(static_cast<int>(kind));
    NormSetup of = setup_of(kind, {2, 20, 4, 5});
    of.own = {};
    NormSetup exact = of.in(at::kDouble);
    of.x.requires_grad_();
    exact.x.requires_grad_();
    const at::Tensor y = run(of, kind), expected = run_libtorch(exact, kind);
    CHECK(off(y, expected) < 2e-6);
    CHECK(off(norm_gradients(y, {of.x})[0], norm_gradients(expected, {exact.x})[0]) < 5e-6);

    NormSetup frozen = setup_of(kind, {2, 18, 3, 4}), frozen_exact = frozen.in(at::kDouble);
    frozen.own.bias.requires_grad_();
    frozen_exact.own.bias.requires_grad_();
    const auto made = norm_gradients(run(frozen, kind), {frozen.own.bias}),
               wanted = norm_gradients(run_libtorch(frozen_exact, kind), {frozen_exact.own.bias});
    CHECK(off(made[0], wanted[0]) < 5e-6);
  }
}

TEST_CASE("a norm and what is around its relu: gradients of gradients") {
  for (const Kind kind : kKinds) {
    CAPTURE(static_cast<int>(kind));
    const NormSetup at_start = setup_of(kind, {2, 18, 4, 6});
    NormSetup ours = at_start.in(at::kFloat), exact = at_start.in(at::kDouble);
    const auto second = [](const at::Tensor& y, const std::vector<at::Tensor>& leaves) {
      const at::Tensor by = random_tensor(y.sizes().vec(), 9).to(y.scalar_type());
      const auto first = torch::autograd::grad({y.pow(2)}, leaves, {by}, true, true);
      at::Tensor sum = first[0].pow(2).sum();
      for (std::size_t i = 1; i < first.size(); ++i) sum = sum + first[i].pow(2).sum();
      return torch::autograd::grad({sum}, leaves);
    };
    const auto our_leaves = ours.leaves(), exact_leaves = exact.leaves();
    const auto made = second(run(ours, kind), our_leaves),
               wanted = second(run_libtorch(exact, kind), exact_leaves);
    for (std::size_t i = 0; i < made.size(); ++i) {
      CAPTURE(i);
      CHECK(off(made[i], wanted[i]) < 1e-4);
    }
  }
}

}  // namespace fdl::testing
