#include "lib/exec/control.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/unit/engine/model.h"

// Loops with conditions, switches, gates and maps against the same thing written out by hand.
namespace fdl::testing {
namespace {

at::Tensor linear_of(const Model& model, const std::string& path, const at::Tensor& x) {
  return at::linear(x, model[path + ".weight"], model[path + ".bias"]);
}

// The gradients of the sum of the output, by path.
std::map<std::string, at::Tensor> gradients_of(const Model& model,
                                               const std::vector<at::Tensor>& inputs) {
  const at::Tensor loss = model.run(inputs, true).sum();
  const auto found = exec::gradients(loss, model.store.parameters());
  REQUIRE(found.has_value());
  std::map<std::string, at::Tensor> out;
  for (std::size_t i = 0; i < found->size(); ++i)
    out[model.store.parameters()[i].name] = (*found)[i];
  return out;
}

}  // namespace

TEST_CASE("a while loop goes on as long as its condition is above zero on average") {
  const Model model(R"(inputs: { x: "f32[1]" }
flow:
  - loop: { while: [{ linear: 1, name: gate }], max: 50, body: [{ linear: 1, name: body }] }
)");
  // gate(x) = 3 - x, body(x) = x + 1: stops at the first x with a mean of at least 3.
  for (const auto& t : model.store.parameters()) {
    const bool is_gate = t.name.starts_with("gate"), is_weight = t.name.ends_with("weight");
    t.value.detach().fill_(is_gate ? (is_weight ? -1 : 3) : 1);
  }
  const at::Tensor x = at::tensor({0.0F, 1.0F}).unsqueeze(1);
  CHECK(is_close(model.run({x}), at::tensor({3.0F, 4.0F}).unsqueeze(1), 0));  // 0.5, 1.5, 2.5, 3.5
  CHECK(is_close(model.run({x.add(9)}), x.add(9), 0));                        // no turn at all
}

TEST_CASE("max ends a loop whose condition goes on, and each turn counts in the gradient") {
  for (const std::string per_sample : {"false", "true"}) {
    CAPTURE(per_sample);
    const Model model(
        "inputs: { x: \"f32[1]\" }\nflow:\n  - loop: { while: [exp], max: 4, per_sample: " +
        per_sample + ", body: [{ linear: 1, name: body }] }\n");
    for (const auto& t : model.store.parameters()) t.value.detach().fill_(1);
    const at::Tensor x = at::tensor({0.0F, -9.0F}).unsqueeze(1);
    CHECK(is_close(model.run({x}), x.add(4), 0));
    CHECK(gradients_of(model, {x}).at("body.bias").item<float>() == 8);
  }
}

TEST_CASE("per_sample with until: each sample stops after its own turn") {
  const Model model(R"(inputs: { x: "f32[1]" }
flow:
  - loop:
      until: [{ linear: 1, name: halt }]
      max: 5
      per_sample: true
      body: [{ loop: { times: 2, body: [{ linear: 1, name: body }] } }]
)");
  for (const auto& t : model.store.parameters()) {
    const bool is_halt = t.name.starts_with("halt"), is_weight = t.name.ends_with("weight");
    t.value.detach().fill_(is_halt ? (is_weight ? 1 : -3) : 1);  // halt(x) = x - 3
  }
  const at::Tensor x = at::tensor({0.0F, 9.0F, -99.0F}).unsqueeze(1);
  CHECK(is_close(model.run({x}), at::tensor({4.0F, 11.0F, -89.0F}).unsqueeze(1), 0));
}

TEST_CASE("an until loop has at least one turn, and at most max") {
  const Model model(R"(inputs: { x: "f32[1]" }
flow:
  - loop: { until: [{ linear: 1, name: halt }], max: 7, body: [{ linear: 1, name: body }] }
)");
  for (const auto& t : model.store.parameters()) {
    const bool is_halt = t.name.starts_with("halt"), is_weight = t.name.ends_with("weight");
    t.value.detach().fill_(is_halt ? (is_weight ? 1 : -3) : 1);  // halt(x) = x - 3
  }
  const auto of = [&](float x) { return model.run({at::tensor({x}).unsqueeze(1)}).item<float>(); };
  CHECK(of(0) == 4);
  CHECK(of(100) == 101);
  CHECK(of(-100) == -93);
}

TEST_CASE("per_sample halts each sample by itself, and gradients go the same ways") {
  const Model model(R"(inputs: { x: "f32[1]" }
flow:
  - loop:
      while: [{ linear: 1, name: gate }]
      max: 50
      per_sample: true
      body: [{ linear: 1, name: body }]
)");
  for (const auto& t : model.store.parameters()) {
    const bool is_gate = t.name.starts_with("gate"), is_weight = t.name.ends_with("weight");
    t.value.detach().fill_(is_gate ? (is_weight ? -1 : 3) : 1);
  }
  const at::Tensor x = at::tensor({0.0F, 2.5F, 8.0F}).unsqueeze(1);
  CHECK(is_close(model.run({x}), at::tensor({3.0F, 3.5F, 8.0F}).unsqueeze(1), 0));
  // d(out)/d(bias): three turns of the first sample, one of the second, none of the third.
  CHECK(gradients_of(model, {x}).at("body.bias").item<float>() == 4);
}

TEST_CASE("a trace of a loop with a condition has zeros for the turns that were not") {
  const Model model(R"(inputs: { x: "f32[1]" }
flow:
  - loop:
      while: [{ linear: 1, name: gate }]
      max: 4
      per_sample: true
      body: [{ linear: 1, name: body, tag: next }]
      trace: { all: next, after: output, count: turns }
outputs: { all: all, after: after, count: count, last: output }
)");
  for (const auto& t : model.store.parameters()) {
    const bool is_gate = t.name.starts_with("gate"), is_weight = t.name.ends_with("weight");
    t.value.detach().fill_(is_gate ? (is_weight ? -1 : 3) : 1);  // while x < 3: x + 1
  }
  const at::Tensor x = at::tensor({0.0F, 2.5F, 8.0F}).unsqueeze(1);
  const at::Tensor expected =
      at::tensor({1.0F, 2.0F, 3.0F, 0.0F, 3.5F, 0.0F, 0.0F, 0.0F, 0.0F, 0.0F, 0.0F, 0.0F});
  const auto outputs = model.run_all({x});
  CHECK(is_close(outputs[0], expected.view({3, 4, 1}), 0));
  CHECK(is_close(outputs[1], expected.view({3, 4, 1}), 0));
  CHECK(outputs[2].equal(at::tensor({3, 1, 0}, at::kLong)));
  CHECK(is_close(outputs[3], at::tensor({3.0F, 3.5F, 8.0F}).unsqueeze(1), 0));
  // Nobody has a turn.
  const auto none = model.run_all({at::full({2, 1}, 7.0F)});
  CHECK(is_close(none[0], at::zeros({2, 4, 1}), 0));
  CHECK(none[2].equal(at::zeros({2}, at::kLong)));
}

TEST_CASE("a trace of a loop without a turn has the lengths of the sequences at hand") {
  const Model model(R"(inputs: { x: "f32[T, 2]" }
flow:
  - loop:
      while: [{ mean: { dim: [1, 2] } }]
      max: 3
      body: [{ tanh: {}, tag: wide }, { scale: { factor: -2 } }]
      trace: [wide, turns]
outputs: { wide: wide, turns: turns }
)");
  const auto outputs = model.run_all({at::full({2, 5, 2}, -1.0F)});
  CHECK(is_close(outputs[0], at::zeros({2, 3, 5, 2}), 0));
  CHECK(outputs[1].equal(at::zeros({2}, at::kLong)));
  const auto one = model.run_all({at::full({2, 5, 2}, 1.0F)});
  CHECK(is_close(one[0].select(1, 0), at::full({2, 5, 2}, 1.0F).tanh(), 0));
  CHECK(is_close(one[0].narrow(1, 1, 2), at::zeros({2, 2, 5, 2}), 0));
  CHECK(one[1].equal(at::full({2}, 1, at::kLong)));
}

TEST_CASE("a trace holds the stream after each turn") {
  const Model model(R"(inputs: { x: "f32[4]" }
flow:
  - loop: { times: 3, body: [{ linear: 4, name: body }, tanh], trace: turns }
outputs: { turns: turns, last: output }
)");
  const at::Tensor x = random_tensor({2, 4}, 1);
  std::vector<at::Tensor> expected;
  at::Tensor y = x;
  for (int turn = 0; turn < 3; ++turn) expected.push_back(y = linear_of(model, "body", y).tanh());
  CHECK(is_close(model.run({x}), at::stack(expected, 1), kParity));
}

TEST_CASE("a switch sends each sample through its own branch, tags included") {
  const Model model(R"(inputs: { x: "f32[4]", which: "i64[]" }
flow:
  - { tag: before }
  - switch:
      selector: [{ from: which }]
      branches: { a: [{ linear: 4 }, { add: [before] }], b: [tanh], c: [{ linear: 4 }] }
)");
  const at::Tensor x = random_tensor({5, 4}, 1), which = at::tensor({2, 0, 1, 1, 0}).to(at::kLong);
  const at::Tensor a = linear_of(model, "a.linear_0", x).add(x), b = x.tanh(),
                   c = linear_of(model, "c.linear_0", x);
  const at::Tensor expected = at::stack({c[0], a[1], b[2], b[3], a[4]});
  CHECK(is_close(model.run({x, which}), expected, kParity));
  const auto found = gradients_of(model, {x, which});
  CHECK(is_close(found.at("a.linear_0.bias"), at::zeros({4}).add(2), kParity));
  CHECK(is_close(found.at("c.linear_0.bias"), at::zeros({4}).add(1), kParity));

  const exec::Executor executor(model.graph, model.store, {model.graph.outputs.front().value});
  const auto refused = executor.run({x, which.add(1)}, {});
  REQUIRE(!refused.has_value());
  CHECK(refused.error().code == Code::NodeFailed);
}

TEST_CASE("a gate is the weighted sum of its experts, whatever their rank") {
  const char* text = R"(inputs: { x: "f32[3, 4]" }
flow:
  - gate:
      router: [ROUTER, { softmax: { dim: -1 } }]
      experts: [[{ linear: 4 }], [tanh]]
)";
  const at::Tensor x = random_tensor({2, 3, 4}, 1);
  const auto build_with = [&](const std::string& router) {
    std::string whole = text;
    return Model(whole.replace(whole.find("ROUTER"), 6, router));
  };
  const Model by_position = build_with("{ linear: 2, name: router }");
  at::Tensor weights = linear_of(by_position, "router", x).softmax(-1);
  const auto mix = [&](const Model& model) {
    return linear_of(model, "0.linear_0", x)
        .mul(weights.select(-1, 0).unsqueeze(-1))
        .add(x.tanh().mul(weights.select(-1, 1).unsqueeze(-1)));
  };
  CHECK(is_close(by_position.run({x}), mix(by_position), kParity));

  const Model by_sample = build_with("flatten, { linear: 2, name: router }");
  weights = linear_of(by_sample, "router", x.flatten(1)).softmax(-1).unsqueeze(1);
  CHECK(is_close(by_sample.run({x}), mix(by_sample), kParity));
}

TEST_CASE("top_k keeps the largest weights and scales them; an even load has a balance of 1") {
  const at::Tensor weights = at::tensor({0.5F, 0.2F, 0.3F}).reshape({1, 3});
  const auto [kept, places] = exec::keep_largest(weights, 2);
  CHECK(is_close(kept, at::tensor({0.625F, 0.0F, 0.375F}).reshape({1, 3}), kParity));
  CHECK(std::get<0>(places.sort(1)).equal(at::tensor({0, 2}, at::kLong).reshape({1, 2})));
  // All load on an expert of weight 0.5.
  CHECK(exec::balance_of(weights).item<float>() == doctest::Approx(3 * 0.5));
  const at::Tensor even = at::tensor({0.6F, 0.4F, 0.4F, 0.6F}).reshape({2, 2});
  CHECK(exec::balance_of(even).item<float>() == doctest::Approx(1.0));
}

TEST_CASE("map runs its body over positions or slices, batched") {
  const at::Tensor x = random_tensor({2, 3, 4}, 1);
  const Model each(R"(inputs: { x: "f32[3, 4]" }
flow:
  - map: { each: true, body: [{ linear: 5, name: body }, tanh] }
)");
  CHECK(is_close(each.run({x}), linear_of(each, "body", x).tanh(), kParity));

  const Model columns(R"(inputs: { x: "f32[3, 4]" }
flow:
  - map: { each: true, dim: 2, body: [{ linear: 5, name: body }] }
)");
  CHECK(is_close(columns.run({x}), linear_of(columns, "body", x.transpose(1, 2)).transpose(1, 2),
                 kParity));

  const Model slices(R"(inputs: { x: "f32[3, 4]" }
flow:
  - map: { slices: 2, body: [{ linear: 3, name: body }] }
)");
  const at::Tensor left = linear_of(slices, "body", x.narrow(2, 0, 2)),
                   right = linear_of(slices, "body", x.narrow(2, 2, 2));
  CHECK(is_close(slices.run({x}), at::cat({left, right}, 2), kParity));
}

TEST_CASE("arange counts the positions of a named axis") {
  const Model model(R"(inputs: { ids: "i64[T<=9]" }
flow:
  - { name: words, embedding: { num: 10, dim: 3 }, tag: words }
  - { name: places, from: { arange: T }, embedding: { num: 9, dim: 3 } }
  - add: [words]
)");
  const at::Tensor ids = at::tensor({1, 2, 3, 4, 5, 6}).to(at::kLong).reshape({2, 3});
  const at::Tensor expected = model["words.weight"]
                                  .index_select(0, ids.flatten())
                                  .reshape({2, 3, 3})
                                  .add(model["places.weight"].narrow(0, 0, 3));
  CHECK(is_close(model.run({ids}), expected, kParity));
}

TEST_CASE("frozen batch norms keep their statistics, unless they are to train") {
  for (const auto& [freeze, mean_moves] :
       {std::pair{"true", false}, {"{ bn: eval }", false}, {"{ bn: train }", true}}) {
    CAPTURE(freeze);
    const Model model(std::string("inputs: { x: \"f32[4]\" }\nflow:\n  - freeze: ") + freeze +
                      "\n    flow: [{ loop: { times: 1, body: [{ linear: 4 }, batch_norm] } }]\n"
                      "  - { batch_norm: {}, name: free }\n");
    const auto found = gradients_of(model, {random_tensor({5, 4}, 1)});
    for (const auto& [path, gradient] : found)
      CHECK(gradient.defined() == path.starts_with("free"));
    CHECK((model["batch_norm_0.running_mean"].abs().max().item<float>() > 0) == mean_moves);
    CHECK(model["free.running_mean"].abs().max().item<float>() > 0);
  }
}

TEST_CASE("tied parameters are one tensor, frozen ones get no gradient") {
  const Model model(R"(inputs: { x: "f32[4]" }
flow:
  - { linear: 4, name: a }
  - { linear: 4, name: b }
  - { linear: 4, name: c, freeze: true }
  - { name: norm, batch_norm: {}, freeze: true }
tie: [[a.weight, b.weight]]
)");
  const at::Tensor x = random_tensor({3, 4}, 1);
  CHECK(model.graph.num_parameters() == 16 + 4 + 4 + 20 + 8);
  const auto found = gradients_of(model, {x});
  CHECK(found.count("b.weight") == 0);
  CHECK(found.at("a.weight").defined());
  CHECK(!found.at("c.weight").defined());
  CHECK(!found.at("norm.weight").defined());
  // The frozen batch_norm used its running statistics and left them alone.
  CHECK(model["norm.running_mean"].abs().max().item<float>() == 0);
  const at::Tensor hidden =
      at::linear(linear_of(model, "a", x), model["a.weight"], model["b.bias"]);
  CHECK(is_close(model.run({x}), linear_of(model, "c", hidden).div(std::sqrt(1 + 1e-5)), kParity));
}

}  // namespace fdl::testing
