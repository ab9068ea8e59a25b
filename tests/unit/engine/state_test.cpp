#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <doctest/doctest.h>

#include "tests/unit/engine/model.h"

// Models that are called position by position, against the same thing over whole sequences.
namespace fdl::testing {
namespace {

constexpr std::int64_t kSamples = 3, kPositions = 6;

const char* const kCell = R"(inputs: { x: "f32[3]" }
state: { h: { shape: [4] } }
flow:
  - { rnn_cell: 4, name: cell, using: { h: h }, tag: h }
)";

// What the model gives at each position [B, T, ...]; before each multiple of `window` gradients are
// cut. Sums of squares over each window are added to `losses`.
at::Tensor unroll(const Model& model, const at::Tensor& x, std::int64_t window,
                  std::vector<at::Tensor>& losses) {
  const exec::Executor executor(model.graph, model.store, {model.graph.outputs.front().value});
  nn::StepContext context;
  context.training = true;
  std::vector<at::Tensor> states = *exec::initial_states(model.graph, 42, x.size(0)), out;
  for (std::int64_t t = 0; t < x.size(1); ++t) {
    if (t % window == 0) {
      for (at::Tensor& state : states) state = state.detach();
      losses.push_back(at::zeros({}));
    }
    const auto called = executor.call({x.select(1, t)}, states, context);
    REQUIRE(called.has_value());
    states = called->states;
    out.push_back(called->values.front());
    losses.back() = losses.back().add(out.back().square().sum());
  }
  return at::stack(out, 1);
}

std::vector<at::Tensor> gradients_of(const Model& model, const at::Tensor& loss) {
  const auto found = exec::gradients(loss, model.store.parameters());
  REQUIRE(found.has_value());
  return *found;
}

}  // namespace

TEST_CASE("a cell through a state is the recurrent layer on the whole sequence") {
  const Model cell(kCell);
  const Model layer("inputs: { x: \"f32[6, 3]\" }\nflow:\n  - { rnn: 4, name: rnn }\n");
  REQUIRE(cell.store.parameters().size() == layer.store.parameters().size());
  for (const auto& t : cell.store.parameters()) {
    const std::string name = "rnn." + t.name.substr(t.name.find('.') + 1) + "_l0";
    layer[name].copy_(t.value.detach());
  }
  const at::Tensor x = random_tensor({kSamples, kPositions, 3}, 1);
  std::vector<at::Tensor> losses;
  const at::Tensor mine = unroll(cell, x, kPositions, losses), theirs = layer.run({x}, true);
  CHECK(is_close(mine, theirs, kParity));
  const auto a = gradients_of(cell, losses.front()), b = gradients_of(layer, theirs.square().sum());
  REQUIRE(a.size() == 4);
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(cell.store.parameters()[i].name);
    CHECK(is_close(a[i], b[i], 10 * kParity));  // sums over positions in another order
  }
}

TEST_CASE("cut gradients are those of the truncation written out") {
  const Model model(R"(inputs: { x: "f32[3]" }
state: { memory: { shape: [4], init: ones, bptt: 4 } }
flow:
  - concat: { with: [memory], dim: 1 }
  - { linear: 4, name: cell }
  - { tanh: {}, tag: memory }
  - { linear: 2, name: head }
)");
  const at::Tensor x = random_tensor({kSamples, kPositions, 3}, 1);
  std::vector<at::Tensor> losses;
  (void)unroll(model, x, 4, losses);
  REQUIRE(losses.size() == 2);  // four positions, then two

  const auto parameter = [&](std::size_t i) { return model.store.parameters()[i].value; };
  at::Tensor memory = at::ones({kSamples, 4});
  for (std::int64_t start : {0, 4}) {
    memory = memory.detach();
    at::Tensor loss = at::zeros({});
    for (std::int64_t t = start; t < std::min<std::int64_t>(start + 4, kPositions); ++t) {
      const at::Tensor joined = at::cat({x.select(1, t), memory}, 1);
      memory = at::linear(joined, parameter(0), parameter(1)).tanh();
      loss = loss.add(at::linear(memory, parameter(2), parameter(3)).square().sum());
    }
    const auto a = gradients_of(model, losses[static_cast<std::size_t>(start / 4)]),
               b = gradients_of(model, loss);
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(is_close(a[i], b[i], kParity));
  }
}

TEST_CASE("states of every kind: a counter, a delay line, a module's own") {
  const Model model(R"(inputs: { x: "f32[2]" }
state:
  former: { shape: [2], init: { constant: 7 } }
  before: { shape: [2] }
  n: { shape: [], dtype: i64 }
  one: { shape: [], dtype: i64, init: ones }
flow:
  - { from: former, tag: now_former }
  - { from: before, tag: delayed }
  - { from: former, tag: before }
  - { from: x, tag: former }
  - { from: one, tag: unit }
  - { from: unit, tag: one }
  - { from: n }
  - { add: unit, tag: n }
outputs: { twice: delayed, once: now_former, n: n }
)");
  const exec::Executor executor(
      model.graph, model.store,
      {model.graph.outputs[0].value, model.graph.outputs[1].value, model.graph.outputs[2].value});
  std::vector<at::Tensor> states = *exec::initial_states(model.graph, 42, 2), x, twice, once;
  for (std::int64_t t = 0; t < 4; ++t) {
    x.push_back(random_tensor({2, 2}, 5 + static_cast<std::uint64_t>(t)));
    const auto called = executor.call({x.back()}, states, {});
    REQUIRE(called.has_value());
    states = called->states;
    twice.push_back(called->values[0]);
    once.push_back(called->values[1]);
    CHECK(called->values[2].eq(t + 1).all().item<bool>());
  }
  CHECK(once[0].eq(7).all().item<bool>());
  CHECK(twice[0].eq(0).all().item<bool>());
  CHECK(twice[1].eq(7).all().item<bool>());
  for (std::size_t t = 1; t < 4; ++t) CHECK(at::equal(once[t], x[t - 1]));
  for (std::size_t t = 2; t < 4; ++t) CHECK(at::equal(twice[t], x[t - 2]));
}

TEST_CASE("first values are drawn once, for all samples, from the seed and the path") {
  const auto drawn = [](const std::string& name, std::uint64_t seed, std::int64_t num_samples) {
    const Model model("inputs: { x: \"f32[8]\" }\nstate: { " + name +
                      ": { shape: [8], init: { normal: 0.5 } } }\nflow:\n  - { add: " + name +
                      ", tag: " + name + " }\n");
    return exec::initial_states(model.graph, seed, num_samples)->front();
  };
  const at::Tensor a = drawn("h", 1, 3);
  CHECK(a.sizes() == at::IntArrayRef({3, 8}));
  CHECK(at::equal(a[0], a[2]));
  CHECK(a[0].std().item<float>() > 0.1);
  CHECK(at::equal(a, drawn("h", 1, 3)));
  CHECK(at::equal(a[0], drawn("h", 1, 1)[0]));
  CHECK(!at::equal(a, drawn("h", 2, 3)));
  CHECK(!at::equal(a, drawn("g", 1, 3)));
}

TEST_CASE("run() is a first call; a state read in a loop and a branch is the former call's") {
  const Model model(R"(inputs: { x: "f32[2]" }
state: { h: { shape: [2], init: { constant: 2 } } }
flow:
  - loop: { times: 3, body: [{ add: h }] }
  - switch: { selector: [{ argmax: 1 }], branches: [[{ add: h }], [{ mul: h }]] }
  - { tag: h }
)");
  const at::Tensor x = at::zeros({2, 2});
  x.select(0, 1).select(0, 1).fill_(1);  // the second sample takes the second branch
  const at::Tensor y = model.run({x});
  CHECK(y[0].eq(8).all().item<bool>());
  CHECK(y[1][0].item<float>() == 12);
  CHECK(y[1][1].item<float>() == 14);
}

TEST_CASE("a trace of a tag holds what each turn made of it") {
  const Model model(R"(inputs: { x: "f32[4]" }
flow:
  - loop:
      times: 3
      body: [{ tag: entry }, { linear: 6, name: up, tag: wide }, relu, { linear: 4, name: down }]
      trace: { wide: wide, start: entry, end: output }
outputs: { wide: wide, start: start, end: end }
)");
  const at::Tensor x = random_tensor({2, 4}, 1);
  const auto linear = [&](const std::string& path, const at::Tensor& in) {
    return at::linear(in, model[path + ".weight"], model[path + ".bias"]);
  };
  std::vector<at::Tensor> wide, start, end;
  at::Tensor y = x;
  for (int turn = 0; turn < 3; ++turn) {
    start.push_back(y);
    wide.push_back(linear("up", y));
    end.push_back(y = linear("down", wide.back().relu()));
  }
  const exec::Executor executor(
      model.graph, model.store,
      {model.graph.outputs[0].value, model.graph.outputs[1].value, model.graph.outputs[2].value});
  const auto found = executor.run({x}, {});
  REQUIRE(found.has_value());
  CHECK(is_close((*found)[0], at::stack(wide, 1), kParity));
  CHECK(is_close((*found)[1], at::stack(start, 1), kParity));
  CHECK(is_close((*found)[2], at::stack(end, 1), kParity));
}

}  // namespace fdl::testing
