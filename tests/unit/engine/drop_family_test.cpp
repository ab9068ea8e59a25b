#include <cmath>

#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/unit/engine/support.h"

// What the modules that draw must hold in numbers: shares, sizes, means, and what goes as a whole.
namespace fdl::testing {
namespace {

constexpr double kShare = 0.3;
constexpr const char* kFamily[] = {"dropout1d", "dropout2d",     "dropout3d",
                                   "drop_path", "alpha_dropout", "feature_alpha_dropout"};

at::Tensor run(const std::string& name, const at::Tensor& x, const std::string& params,
               bool training = true, std::uint64_t seed = 42) {
  const auto module = bind_module(name, yaml(params), {type_of(x)});
  REQUIRE(module.has_value());
  REQUIRE(module->outputs.has_value());
  nn::StepContext context;
  context.training = training;
  context.seed = seed;
  context.node_path = "node";
  return nn::find_forward(name)(module->params.get(), {}, {x}, context).front();
}

// Five standard errors of a share of `count` draws.
void check_share(double found, double count) {
  CHECK(std::abs(found - kShare) < 5 * std::sqrt(kShare * (1 - kShare) / count));
}

// y [units, values of one unit]: each unit is zero as a whole or scaled as a whole.
void check_units(const at::Tensor& y) {
  const at::Tensor first = y.select(1, 0);
  CHECK(is_same(y, first.unsqueeze(1).expand_as(y).contiguous()));
  const auto count = static_cast<double>(y.size(0));
  check_share(first.eq(0).sum().item<double>() / count, count);
  CHECK(first.max().item<float>() == static_cast<float>(1 / (1 - kShare)));
}

}  // namespace

TEST_CASE("channel dropout loses whole channels of a sample") {
  for (std::int64_t num_axes = 1; num_axes <= 3; ++num_axes) {
    CAPTURE(num_axes);
    std::vector<std::int64_t> shape(static_cast<std::size_t>(num_axes) + 2, 3);
    shape[0] = 300;
    shape[1] = 40;
    const at::Tensor x = at::ones(shape).requires_grad_();
    const at::Tensor y = run("dropout" + std::to_string(num_axes) + "d", x, "p: 0.3");
    check_units(y.detach().reshape({300 * 40, -1}));
    CHECK(is_same(torch::autograd::grad({y.sum()}, {x}).front(), y.detach()));
    // Channels go by themselves: no sample loses all of them.
    CHECK(y.detach().reshape({300, -1}).gt(0).any(1).all().item<bool>());
  }
}

TEST_CASE("drop_path loses whole samples") {
  check_units(run("drop_path", at::ones({4000, 3, 2}), "p: 0.3").reshape({4000, -1}));
}

TEST_CASE("alpha dropout keeps mean 0 and variance 1, and sets what is lost to one value") {
  const double kLost = -1.7580993408473766;
  const double a = 1 / std::sqrt(0.7 * (1 + 0.3 * kLost * kLost)), b = -a * kLost * 0.3;
  for (const std::string name : {"alpha_dropout", "feature_alpha_dropout"}) {
    CAPTURE(name);
    const at::Tensor x = random_tensor({500, 200, 2}, 3, at::kDouble);
    const at::Tensor y = run(name, x, "p: 0.3");
    const at::Tensor lost = y.sub(a * kLost + b).abs().lt(1e-6);
    const double units = name == "alpha_dropout" ? 200'000 : 100'000;
    check_share(lost.to(at::kDouble).mean().item<double>(), units);
    CHECK(y.sub(x.mul(a).add(b)).abs().masked_select(lost.logical_not()).max().item<double>() <
          1e-6);
    CHECK(std::abs(y.mean().item<double>()) < 5 / std::sqrt(units));
    CHECK(std::abs(y.var().item<double>() - 1) < 5 * std::sqrt(3 / units));
    const bool whole = testing::is_same(lost.select(2, 0), lost.select(2, 1));
    CHECK(whole == (name == "feature_alpha_dropout"));
  }
}

TEST_CASE("the family is nothing outside training and at p = 0") {
  for (const std::string name : kFamily) {
    CAPTURE(name);
    const Example example = example_of(name);
    const at::Tensor& x = example.inputs.front();
    CHECK(is_same(run(name, x, "p: 0.5", false), x));
    CHECK(is_same(run(name, x, "p: 0"), x));
  }
}

TEST_CASE("fractional pooling takes windows in order, from the first to the last place") {
  // Each value tells its place, and the largest of a window of 2 by 2 is its last.
  const at::Tensor x = at::arange(81, at::kFloat).reshape({1, 1, 9, 9}).expand({2, 3, 9, 9});
  bool varies = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const at::Tensor y =
        run("fractional_max_pool2d", x, "{kernel: 2, output_size: [5, 4]}", true, seed);
    const at::Tensor row = y.div(9, "floor").sub(1), column = y.remainder(9).sub(1);
    CHECK(is_same(row, row.slice(3, 0, 1).expand_as(row).contiguous()));
    CHECK(is_same(column, column.slice(2, 0, 1).expand_as(column).contiguous()));
    for (const auto& [start, dim] : {std::pair(row, 2), std::pair(column, 3)}) {
      CHECK(start.select(dim, 0).abs().max().item<float>() == 0);
      CHECK(start.select(dim, -1).sub(7).abs().max().item<float>() == 0);
      const at::Tensor steps = start.diff(1, dim);
      CHECK(steps.min().item<float>() >= 1);
      CHECK(steps.max().item<float>() <= 3);
    }
    varies = varies || !is_same(row.select(1, 0), row.select(1, 1));
  }
  CHECK(varies);
}

}  // namespace fdl::testing
