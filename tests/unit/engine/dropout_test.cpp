#include <cmath>

#include <ATen/ops/ones.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/unit/engine/support.h"

namespace fdl::testing {
namespace {

at::Tensor drop(const at::Tensor& x, const nn::StepContext& context, const std::string& p = "0.3") {
  const auto module = bind_module("dropout", yaml("p: " + p), {type_of(x)});
  REQUIRE(module.has_value());
  nn::StepContext mine = context;
  return nn::find_forward("dropout")(module->params.get(), {}, {x}, mine).front();
}

nn::StepContext training() {
  nn::StepContext context;
  context.training = true;
  context.seed = 42;
  context.node_path = "dropout_0";
  return context;
}

}  // namespace

TEST_CASE("dropout zeros its share, scales the rest, and passes gradients the same way") {
  const at::Tensor x = at::ones({500, 400}).requires_grad_();
  const at::Tensor y = drop(x, training());
  const double share = 1 - y.count_nonzero().item<double>() / 200'000;
  CHECK(std::abs(share - 0.3) < 5 * std::sqrt(0.3 * 0.7 / 200'000));
  CHECK(y.max().item<float>() == static_cast<float>(1 / 0.7));
  const auto found = torch::autograd::grad({y.sum()}, {x});
  CHECK(is_same(found.front(), y.detach()));
  // No row and no column is favoured: five standard errors of a mean over 500 or 400 values.
  const double deviation = std::sqrt(0.3 / 0.7);
  CHECK(y.mean(0).sub(1).abs().max().item<double>() < 5 * deviation / std::sqrt(500));
  CHECK(y.mean(1).sub(1).abs().max().item<double>() < 5 * deviation / std::sqrt(400));
}

TEST_CASE("dropout is nothing outside training and at p = 0") {
  const at::Tensor x = random_tensor({4, 6}, 1);
  nn::StepContext evaluation = training();
  evaluation.training = false;
  CHECK(is_same(drop(x, evaluation), x));
  CHECK(is_same(drop(x, training(), "0"), x));
}

TEST_CASE("each part of the key changes the mask, and nothing else does") {
  const at::Tensor x = at::ones({8, 64});
  const at::Tensor base = drop(x, training());
  CHECK(is_same(drop(x, training()), base));
  const auto differs = [&](auto change) {
    nn::StepContext context = training();
    change(context);
    return !is_same(drop(x, context), base);
  };
  CHECK(differs([](nn::StepContext& c) { c.seed = 43; }));
  CHECK(differs([](nn::StepContext& c) { c.step = 1; }));
  CHECK(differs([](nn::StepContext& c) { c.micro_batch = 1; }));
  CHECK(differs([](nn::StepContext& c) { c.loop_turn = 1; }));
  CHECK(differs([](nn::StepContext& c) { c.node_path = "dropout_1"; }));
  // The second half of a batch, computed by itself.
  nn::StepContext second = training();
  second.first_row = 4;
  CHECK(is_same(drop(x.slice(0, 4, 8), second), base.slice(0, 4, 8)));
}

TEST_CASE("dropout takes any layout and any floating-point type") {
  const at::Tensor x = random_tensor({6, 5, 4}, 2);
  const at::Tensor expected = drop(x, training());
  CHECK(is_same(drop(x.transpose(1, 2).contiguous().transpose(1, 2), training()), expected));
  CHECK((drop(x.to(at::kDouble), training()).scalar_type() == at::kDouble));
}

}  // namespace fdl::testing
