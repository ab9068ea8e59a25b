#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <doctest/doctest.h>

#include "tests/unit/engine/model.h"

// Routers, selectors and halts where they stand: in gates, switches and loops; and their draws.
namespace fdl::testing {
namespace {

at::Tensor run_module(const std::string& name, const std::string& params,
                      const std::vector<at::Tensor>& inputs, std::int64_t step = 0,
                      const nn::Tensors& own = {}) {
  const auto module = bind_module(name, yaml(params), types_of(inputs));
  REQUIRE(module.has_value());
  REQUIRE(module->outputs.has_value());
  nn::StepContext context;
  context.training = true;
  context.step = step;
  context.node_path = name;
  return nn::find_forward(name)(module->params.get(), own, inputs, context).front();
}

}  // namespace

TEST_CASE("gumbel_softmax draws each class as often as its probability says") {
  const at::Tensor scores = at::tensor({1.0, 0.0, -1.0, 2.0}).expand({20000, 4});
  const at::Tensor hard = run_module("gumbel_softmax", "{hard: true}", {scores});
  CHECK(at::equal(hard.round(), hard));
  CHECK(is_close(hard.sum(1), at::ones({20000}, at::kDouble), 1e-6));
  const at::Tensor share = hard.mean(0), expected = at::softmax(scores[0], 0);
  CHECK(share.sub(expected).abs().max().item<double>() < 0.012);  // four deviations
}

TEST_CASE("noisy_top_k_router: k weights above zero, experts by chance") {
  const at::Tensor x = random_tensor({4000, 3}, 1);
  const nn::Tensors own({"gate.weight", "noise.weight"},
                        {at::zeros({5, 3}, at::kFloat), at::zeros({5, 3}, at::kFloat)});
  const at::Tensor weights =
      run_module("noisy_top_k_router", "{num_experts: 5, k: 2}", {x}, 0, own);
  CHECK(weights.gt(0).sum(1).eq(2).all().item<bool>());
  CHECK(is_close(weights.sum(1), at::ones({4000}), 1e-6));
  CHECK(weights.gt(0).to(at::kDouble).mean(0).sub(0.4).abs().max().item<double>() < 0.035);
}

TEST_CASE("noisy_top_k_router is a softmax over the largest scores outside training") {
  const Model model(R"(inputs: { x: "f32[3]" }
flow: [{ name: router, noisy_top_k_router: { num_experts: 4, k: 2 } }]
)");
  model["router.gate.weight"].copy_(random_tensor({4, 3}, 2));
  const at::Tensor x = random_tensor({5, 3}, 1);
  const at::Tensor scores = x.mm(model["router.gate.weight"].t());
  const auto [largest, places] = scores.topk(2, 1);
  const at::Tensor expected = at::zeros_like(scores).scatter(1, places, at::softmax(largest, 1));
  CHECK(is_close(model.run({x}), expected, kParity));
}

TEST_CASE("reparameterize draws from the distribution that it is given") {
  const at::Tensor mean = at::tensor({1.0, -2.0}).expand({40000, 2}),
                   logvar = at::tensor({0.0, 1.0}).expand({40000, 2});
  const at::Tensor drawn = run_module("reparameterize", "{}", {mean, logvar});
  CHECK(drawn.mean(0).sub(mean[0]).abs().max().item<double>() < 0.04);
  CHECK(drawn.var(0).log().sub(logvar[0]).abs().max().item<double>() < 0.04);
  CHECK(!at::equal(run_module("reparameterize", "{}", {mean, logvar}, 1), drawn));
}

TEST_CASE("a fixed selector sends all samples through one branch") {
  const Model model(R"(inputs: { x: "f32[4]" }
flow:
  - switch: { selector: [{ fixed_selector: 1 }], branches: [[relu], [tanh]] }
)");
  const at::Tensor x = random_tensor({3, 4}, 1);
  CHECK(is_same(model.run({x}), x.tanh()));
}

TEST_CASE("a loop stops by a threshold, sample by sample, and by a learned halt") {
  const Model model(R"(inputs: { x: "f32[2]" }
flow:
  - loop: { until: [{ threshold_halt: 3.5 }], max: 6, per_sample: true, body: [{ scale: 2 }] }
)");
  const at::Tensor x = at::tensor({1.0F, -9.0F, 3.0F, 0.5F, 0.001F, 0.0F}).view({3, 2});
  const at::Tensor turns = at::tensor({4.0F, 2.0F, 64.0F}).view({3, 1});
  CHECK(is_same(model.run({x}), x.mul(turns)));
  const Model learned(R"(inputs: { x: "f32[2]" }
flow:
  - loop: { while: [{ name: halt, learned_halt: }], max: 6, body: [{ scale: 2 }] }
)");
  learned["halt.weight"].zero_();
  learned["halt.bias"].fill_(-1);
  CHECK(is_same(learned.run({x}), x));
  learned["halt.bias"].fill_(1);
  CHECK(is_same(learned.run({x}), x.mul(64)));
}

TEST_CASE("ponder mixes the turns of a loop, with gradients to its halts") {
  const Model model(R"(inputs: { x: "f32[3]" }
flow:
  - loop: { times: 4, trace: turns, body: [{ linear: 3 }, tanh] }
  - { name: halt, from: turns, ponder: , tag: mixed }
outputs: { mixed: mixed, turns: mixed.num_turns }
)");
  const exec::Executor executor(model.graph, model.store,
                                {model.graph.outputs[0].value, model.graph.outputs[1].value});
  nn::StepContext context;
  context.training = true;
  const auto out = executor.run({random_tensor({5, 3}, 1)}, context);
  REQUIRE(out.has_value());
  const double most = (*out)[1].max().item<double>(), least = (*out)[1].min().item<double>();
  CHECK(least >= 1);
  CHECK(most <= 4);
  const auto found =
      exec::gradients((*out)[0].sum().add((*out)[1].sum()), model.store.parameters());
  REQUIRE(found.has_value());
  for (const at::Tensor& gradient : *found) CHECK(gradient.abs().sum().item<double>() > 0);
}

TEST_CASE("a routed mixture trains its router") {
  const Model model(R"(inputs: { x: "f32[4]" }
flow:
  - gate:
      router: [{ name: router, noisy_top_k_router: { num_experts: 3, k: 2 } }]
      experts: { copies: 3, flow: [{ linear: 4 }] }
)");
  const at::Tensor out = model.run({random_tensor({6, 4}, 1)}, true);
  const auto found = exec::gradients(out.square().sum(), model.store.parameters());
  REQUIRE(found.has_value());
  for (std::size_t i = 0; i < found->size(); ++i) {
    CAPTURE(model.store.parameters()[i].name);
    REQUIRE((*found)[i].defined());
    CHECK((*found)[i].abs().sum().item<double>() > 0);
  }
}

}  // namespace fdl::testing
