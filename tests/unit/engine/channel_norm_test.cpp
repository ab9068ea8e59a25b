#include "lib/nn/channel_norm.h"

#include <limits>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/unit/engine/norm_setup.h"

#undef CHECK  // libtorch's logging has one, too
#define CHECK DOCTEST_CHECK

namespace fdl::testing {
namespace {

using Setup = NormSetup;

// Batch, channels, height and width: a vector of channels and more or less, one pixel, many.
const std::vector<std::vector<std::int64_t>> kSizes = {
    {2, 3, 5, 7}, {3, 17, 1, 2}, {2, 64, 9, 9}, {1, 33, 40, 41}, {16, 100, 8, 8}};

at::Tensor run(const Setup& of) {
  return nn::batch_norm_channels(of.x, of.own, Setup::kNewest, Setup::kEps);
}
at::Tensor run_libtorch(const Setup& of) { return of.norm_by_libtorch(); }

}  // namespace

TEST_CASE("batch_norm of channels last: outputs, statistics and gradients as in f64") {
  for (const auto& sizes : kSizes) {
    CAPTURE(sizes);
    const Setup at_start(sizes);
    REQUIRE(nn::fits_batch_norm_channels(at_start.x, at_start.own));
    const NormErrors errors = norm_errors(at_start, run, run_libtorch);
    CHECK(errors.has_channels_last);
    CHECK(errors.output < 1e-6);
    CHECK(errors.statistics < 1e-6);
    CHECK(errors.gradients < 2e-6);
  }
}

TEST_CASE("batch_norm of channels last: without scale, shift or statistics") {
  Setup of({2, 20, 4, 5});
  of.own = {};
  REQUIRE(nn::fits_batch_norm_channels(of.x, of.own));
  const at::Tensor x = of.x.requires_grad_();
  const at::Tensor exact = of.x.detach().to(at::kDouble).requires_grad_();
  const at::Tensor y = run(of);
  const at::Tensor expected =
      at::batch_norm(exact, {}, {}, {}, {}, true, Setup::kNewest, Setup::kEps, false);
  CHECK(off(y, expected) < 1e-6);
  CHECK(off(norm_gradients(y, {x})[0], norm_gradients(expected, {exact})[0]) < 2e-6);
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
