#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/where.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>

#include "tests/unit/engine/support.h"

// Attention that keeps no scores, in f32, against the same module by libtorch's operators in f64.
namespace fdl::testing {
namespace {

// Gradients go through two more products and a difference.
constexpr double kOfGradients = 4e-6;

struct Case {
  std::string kind, params;
  std::int64_t B, T, S, E, KV, V;  // widths of query, key and value
  bool has_mask = false, has_attn_mask = false;
};

struct Setup {
  BoundModule module;
  nn::Tensors own;
  std::vector<at::Tensor> inputs, leaves;

  at::Tensor run(bool fuses) const {
    nn::StepContext context;
    context.training = true;
    context.fuses_attention = fuses;
    context.seed = 9;
    context.first_row = 3;
    context.node_path = "x";
    return nn::find_forward(module.spec->name())(module.params.get(), own, inputs, context)[0];
  }
};

at::Tensor leaf(const at::Tensor& t) { return t.detach().requires_grad_(); }

Setup set_up(const Case& of, at::ScalarType dtype) {
  std::vector<at::Tensor> inputs = {random_tensor({of.B, of.T, of.E}, 1)};
  inputs.resize(5);
  const bool is_to_itself = of.KV == 0;
  if (!is_to_itself) {
    inputs[1] = random_tensor({of.B, of.S, of.KV}, 2);
    inputs[2] = random_tensor({of.B, of.S, of.V}, 3);
  }
  if (of.has_mask) inputs[3] = random_tensor({of.B, of.S}, 4).gt(-0.7);
  if (of.has_attn_mask) inputs[4] = random_tensor({of.B, of.T, of.S}, 5);
  auto module = bind_module(of.kind, yaml(of.params), types_of(inputs));
  REQUIRE(module.has_value());
  REQUIRE(module->outputs.has_value());
  Setup out{*module, {}, {}, {}};
  std::vector<std::string> names;
  for (const auto& [name, shape] : module->owned()) {
    names.push_back(name);
    out.leaves.push_back(leaf(random_tensor(shape, 20 + names.size()).mul(0.3).to(dtype)));
  }
  out.own = nn::Tensors(names, out.leaves);
  for (std::size_t i = 0; i < 3; ++i) {
    if (!inputs[i].defined()) continue;
    inputs[i] = leaf(inputs[i].to(dtype));
    out.leaves.push_back(inputs[i]);
  }
  if (inputs[4].defined()) inputs[4] = inputs[4].to(dtype);
  out.inputs = inputs;
  return out;
}

std::vector<at::Tensor> gradients_of(const at::Tensor& out, const std::vector<at::Tensor>& leaves) {
  const at::Tensor by = random_tensor(out.sizes().vec(), 60).to(out.scalar_type());
  return torch::autograd::grad({out}, leaves, {by});
}

// Of one key all gradients but the value's cancel.
void check_close(const at::Tensor& made, const at::Tensor& exact, double tolerance) {
  REQUIRE(made.sizes() == exact.sizes());
  const double largest = std::max(0.5, exact.abs().max().item<double>());
  CHECK(made.sub(exact).abs().max().item<double>() <= tolerance * largest);
}

void check_case(const Case& of) {
  CAPTURE(of.kind);
  CAPTURE(of.params);
  CAPTURE(of.T);
  CAPTURE(of.has_mask);
  CAPTURE(of.has_attn_mask);
  const Setup fused = set_up(of, at::kFloat), plain = set_up(of, at::kDouble);
  const at::Tensor made = fused.run(true), expected = plain.run(false);
  CHECK(is_close(made.to(at::kDouble), expected, 2 * kParity));
  {
    const at::NoGradGuard no_grad;
    CHECK(is_same(fused.run(true), made.detach()));
  }
  const auto found = gradients_of(made, fused.leaves), exact = gradients_of(expected, plain.leaves);
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    check_close(found[i].to(at::kDouble), exact[i], kOfGradients);
  }
}

const std::string kOptions[] = {"", ", causal: true", ", dropout: 0.3",
                                ", dropout: 0.3, causal: true", ", alibi: true, causal: true"};

}  // namespace

TEST_CASE("attention that keeps no scores is libtorch's in f64, with masks and dropped weights") {
  for (const std::string& options : kOptions) {
    for (const int masks : {0, 1, 2, 3}) {
      for (const std::int64_t T : {1, 7, 70}) {
        Case of{"attention", "{ num_heads: 2" + options + " }", 3, T, T, 8, 8, 6};
        of.has_mask = masks % 2 == 1;
        of.has_attn_mask = masks >= 2;
        check_case(of);
      }
    }
  }
}

TEST_CASE("also of heads that share their keys, and of more keys than queries") {
  check_case({"attention", "{ num_heads: 6, num_kv_heads: 2, causal: true }", 2, 9, 9, 24, 8, 10});
  check_case({"attention", "{ num_heads: 6, num_kv_heads: 2, dropout: 0.2 }", 2, 5, 19, 24, 8, 4});
  check_case({"attention", "{ num_heads: 1 }", 1, 300, 20, 16, 16, 16});
}

TEST_CASE("also between projections, of one product or of several") {
  for (const std::string& options : kOptions) {
    check_case({"multihead_attention", "{ heads: 2" + options + " }", 3, 17, 17, 8, 0, 0});
    check_case(
        {"multihead_attention", "{ heads: 2, rotary: true" + options + " }", 3, 17, 17, 8, 0, 0});
    check_case(
        {"multihead_attention", "{ heads: 4, num_kv_heads: 2" + options + " }", 2, 6, 6, 8, 0, 0});
  }
  check_case({"multihead_attention", "{ heads: 2, dropout: 0.2 }", 3, 4, 9, 8, 5, 3});
}

TEST_CASE("a query that sees nothing gets zeros, and gives none") {
  Case of{"attention", "{ num_heads: 2 }", 2, 5, 5, 8, 8, 8};
  Setup fused = set_up(of, at::kFloat);
  fused.inputs[3] = random_tensor({2, 5}, 4).gt(100);
  const at::Tensor out = fused.run(true);
  CHECK(out.eq(0).all().item<bool>());
  for (const at::Tensor& gradient : gradients_of(out, fused.leaves))
    CHECK(gradient.eq(0).all().item<bool>());
}

TEST_CASE("rows that lie apart in memory, in any order, are read where they are") {
  Case of{"attention", "{ num_heads: 2, causal: true }", 3, 9, 9, 8, 8, 8};
  const Setup close = set_up(of, at::kFloat);
  Setup apart = close;
  for (std::size_t i = 0; i < 3; ++i) {
    apart.inputs[i] = leaf(at::empty({9, 3, 8}).transpose(0, 1).copy_(close.inputs[i]));
    apart.leaves[i] = apart.inputs[i];
  }
  apart.inputs[1] = leaf(at::empty({3, 8, 9}).transpose(1, 2).copy_(close.inputs[1]));
  apart.leaves[1] = apart.inputs[1];
  const at::Tensor expected = close.run(true), made = apart.run(true);
  CHECK(is_same(made, expected));
  const auto a = gradients_of(made, apart.leaves), b = gradients_of(expected, close.leaves);
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(is_same(a[i].contiguous(), b[i]));
}

TEST_CASE("a backward pass through the gradients goes by libtorch's operators") {
  for (const std::string& options : kOptions) {
    const auto second = [&](at::ScalarType dtype, bool fuses) {
      // What gives its weights goes by operators that have such gradients.
      const std::string weights = fuses ? "" : ", need_weights: true";
      const Case of{
          "multihead_attention", "{ heads: 2" + options + weights + " }", 2, 5, 5, 8, 0, 0};
      const Setup s = set_up(of, dtype);
      const at::Tensor out = s.run(fuses);
      const auto first =
          torch::autograd::grad({out.mul(out).sum()}, s.leaves, {}, true, /*create_graph=*/true);
      at::Tensor sum = first[0].mul(first[0]).sum();
      for (std::size_t i = 1; i < first.size(); ++i) sum = sum.add(first[i].mul(first[i]).sum());
      return torch::autograd::grad({sum}, s.leaves);
    };
    const auto found = second(at::kFloat, true), exact = second(at::kDouble, false);
    for (std::size_t i = 0; i < found.size(); ++i)
      check_close(found[i].to(at::kDouble), exact[i], 1e-5);
  }
}

}  // namespace fdl::testing
