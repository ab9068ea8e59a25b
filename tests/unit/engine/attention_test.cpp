#include <cmath>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <doctest/doctest.h>

#include "tests/unit/engine/support.h"

// What parity files cannot hold: attention with weights dropped goes by other kernels than without.
namespace fdl::testing {
namespace {

constexpr double kRounding = 1e-12;  // of double, in other orders of summation

using TensorVector = std::vector<at::Tensor>;

nn::StepContext context_of(bool training) {
  nn::StepContext context;
  context.training = training;
  context.seed = 42;
  context.node_path = "attention";
  return context;
}

// inputs: query, key, value, mask, attn_mask.
at::Tensor attend(const std::string& params, const TensorVector& inputs, bool training) {
  const auto module = bind_module("attention", yaml(params), types_of(inputs));
  REQUIRE(module.has_value());
  REQUIRE(module->outputs.has_value());
  nn::StepContext context = context_of(training);
  return nn::find_forward("attention")(module->params.get(), {}, inputs, context).front();
}

TensorVector random_inputs() {
  return {random_tensor({3, 4, 6}, 1, at::kDouble), random_tensor({3, 4, 6}, 2, at::kDouble),
          random_tensor({3, 4, 6}, 3, at::kDouble), at::Tensor(), at::Tensor()};
}

}  // namespace

// So small a probability drops none of these few weights, and scales the rest by 1 + 1e-9.
TEST_CASE("attention by parts, where weights may be dropped, is that of the fused kernel") {
  const at::NoGradGuard no_grad;
  for (const std::string options : {"", ", causal: true", ", alibi: true, causal: true"}) {
    for (const int masks : {0, 1, 2, 3}) {
      CAPTURE(options);
      CAPTURE(masks);
      TensorVector inputs = random_inputs();
      if (masks % 2 == 1) inputs[3] = random_tensor({3, 4}, 4).gt(-0.5);
      if (masks >= 2) inputs[4] = random_tensor({3, 2, 4, 4}, 5, at::kDouble);
      const std::string text = "{ num_heads: 2, dropout: 1e-9" + options + " }";
      CHECK(is_close(attend(text, inputs, true), attend(text, inputs, false), 1e-8));
    }
  }
}

TEST_CASE("a query that may see nothing gets zeros, and no nan flows back") {
  for (const bool drops : {true, false}) {
    CAPTURE(drops);
    TensorVector inputs = random_inputs();
    inputs[3] = at::ones({3, 4}, at::kBool);
    inputs[3][1].fill_(false);
    for (int i = 0; i < 3; ++i) inputs[static_cast<std::size_t>(i)].requires_grad_();
    const at::Tensor out = attend("{ num_heads: 2, dropout: 0.5 }", inputs, drops);
    CHECK(out[1].count_nonzero().item<int>() == 0);
    out.sum().backward();
    for (int i = 0; i < 3; ++i) {
      const at::Tensor gradient = inputs[static_cast<std::size_t>(i)].grad();
      CHECK(gradient.isfinite().all().item<bool>());
      CHECK(gradient[1].count_nonzero().item<int>() == 0);
    }
  }
}

TEST_CASE("what a mask hides does not matter") {
  const at::NoGradGuard no_grad;
  TensorVector inputs = random_inputs();
  inputs[3] = at::ones({3, 4}, at::kBool);
  inputs[3].select(1, 3).fill_(false);
  const at::Tensor hidden = attend("2", inputs, false);
  inputs[1].select(1, 3).fill_(1e6);
  inputs[2].select(1, 3).fill_(-1e6);
  CHECK(is_close(attend("2", inputs, false), hidden, kRounding));
  // Causal: the last position matters to the last query alone.
  TensorVector causal = random_inputs();
  const at::Tensor before = attend("{ num_heads: 2, causal: true }", causal, false);
  causal[1].select(1, 3).fill_(7);
  const at::Tensor after = attend("{ num_heads: 2, causal: true }", causal, false);
  CHECK(is_close(after.narrow(1, 0, 3), before.narrow(1, 0, 3), kRounding));
  CHECK(!is_same(after, before));
}

TEST_CASE("attention drops its share of the weights and scales the rest") {
  const at::NoGradGuard no_grad;
  // All scores are equal and all values 1: each output is the mean of 100 masks.
  const at::Tensor same = at::ones({20, 100, 4}, at::kDouble);
  const at::Tensor out =
      attend("{ num_heads: 2, dropout: 0.25 }", {same, same, same, {}, {}}, true);
  const at::Tensor by_head = out.view({20, 100, 2, 2}).select(3, 0);  // 4,000 means
  const double deviation = std::sqrt(0.25 / 0.75 / 100);
  CHECK(std::abs(by_head.mean().item<double>() - 1) < 5 * deviation / std::sqrt(4000));
  CHECK(std::abs(by_head.std().item<double>() / deviation - 1) < 0.1);
}

}  // namespace fdl::testing
