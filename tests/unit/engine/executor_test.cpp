#include "lib/exec/executor.h"

#include <map>
#include <set>

#include <ATen/ops/cat.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <doctest/doctest.h>

#include "lib/exec/program.h"
#include "tests/unit/engine/model.h"

namespace fdl::testing {
namespace {

std::string join(const std::string& merge) {
  return "inputs: { x: \"f32[6]\" }\nflow:\n  - split:\n      a: [{ linear: 6 }]\n"
         "      b: [relu]\n      c: [tanh]\n    merge: " +
         merge + "\n";
}

}  // namespace

TEST_CASE("a chain with a residual computes what its formula says") {
  const Model model(R"(inputs: { x: "f32[6]" }
flow:
  - also: [{ linear: 6 }, relu]
    merge: add
  - linear: 2
)");
  const at::Tensor x = random_tensor({3, 6}, 1);
  const at::Tensor inner =
      at::relu(at::linear(x, model["linear_0.weight"], model["linear_0.bias"]));
  const at::Tensor expected =
      at::linear(x.add(inner), model["linear_1.weight"], model["linear_1.bias"]);
  CHECK(is_close(model.run({x}), expected, kParity));
}

TEST_CASE("each merge joins three branches") {
  const at::Tensor x = random_tensor({3, 6}, 1);
  for (const auto& [text, of] : std::map<std::string, at::Tensor (*)(const at::TensorList&)>{
           {"add", [](const at::TensorList& b) { return b[0].add(b[1]).add(b[2]); }},
           {"mean", [](const at::TensorList& b) { return b[0].add(b[1]).add(b[2]).div(3); }},
           {"mul", [](const at::TensorList& b) { return b[0].mul(b[1]).mul(b[2]); }},
           {"max", [](const at::TensorList& b) { return b[0].max(b[1]).max(b[2]); }},
           {"min", [](const at::TensorList& b) { return b[0].min(b[1]).min(b[2]); }},
           {"{ concat: { dim: 1 } }", [](const at::TensorList& b) { return at::cat(b, 1); }},
           {"stack", [](const at::TensorList& b) { return at::stack(b, 1); }}}) {
    CAPTURE(text);
    const Model model(join(text));
    const at::Tensor a = at::linear(x, model["a.linear_0.weight"], model["a.linear_0.bias"]);
    const at::Tensor expected = of({a, at::relu(x), x.tanh()});
    const at::Tensor found = model.run({x});
    CHECK(catalog::to_string(type_of(found).dtype) == "f32");
    CHECK(is_close(found, expected, kParity));
  }
}

TEST_CASE("a loop computes and differentiates as the same steps written out") {
  const Model model(R"(inputs: { x: "f32[6]" }
flow:
  - tag: start
  - loop:
      times: 3
      body:
        - loop: { times: 2, body: [{ linear: 6 }, tanh] }
        - add: [start]
)");
  const at::Tensor x = random_tensor({3, 6}, 1);
  REQUIRE(model.store.parameters().size() == 2);
  const at::Tensor weight = model.store.parameters()[0].value,
                   bias = model.store.parameters()[1].value;
  at::Tensor y = x;
  for (int turn = 0; turn < 3; ++turn) {
    for (int inner = 0; inner < 2; ++inner) y = at::linear(y, weight, bias).tanh();
    y = y.add(x);
  }
  const at::Tensor found = model.run({x}, true);
  CHECK(is_close(found, y, kParity));
  const auto mine = exec::gradients(found.square().mean(), model.store.parameters());
  const auto theirs = exec::gradients(y.square().mean(), model.store.parameters());
  REQUIRE(mine.has_value());
  REQUIRE(theirs.has_value());
  CHECK(is_close((*mine)[0], (*theirs)[0], kParity));
  CHECK(is_close((*mine)[1], (*theirs)[1], kParity));
}

TEST_CASE("each turn of a loop draws its own dropout") {
  const Model once("inputs: { x: \"f32[64]\" }\nflow:\n  - loop: { times: 1, body: [dropout] }\n");
  const Model nested(R"(inputs: { x: "f32[64]" }
flow:
  - loop: { times: 2, body: [{ loop: { times: 2, body: [dropout] } }] }
)");
  const at::Tensor x = at::tensor({1.0F}).expand({50, 64}).contiguous();
  // 0.5^4 of the values are left, not 0.5.
  const double left = nested.run({x}, true).count_nonzero().item<double>() / 3200;
  CHECK(std::abs(left - 0.0625) < 5 * std::sqrt(0.0625 * 0.9375 / 3200));
  CHECK(once.run({x}, true).count_nonzero().item<double>() / 3200 > 0.4);
}

TEST_CASE("batch normalisation inside a loop trains") {
  const Model model(R"(inputs: { x: "f32[6]" }
flow:
  - loop: { times: 3, body: [{ linear: 6 }, batch_norm, relu] }
)");
  const at::Tensor found = model.run({random_tensor({8, 6}, 1)}, true);
  const auto gradients = exec::gradients(found.sum(), model.store.parameters());
  REQUIRE(gradients.has_value());
  std::set<std::string> paths;
  for (const auto& t : model.store.tensors()) {
    if (t.name.ends_with("num_batches_tracked")) CHECK(t.value.item<std::int64_t>() == 3);
  }
}

TEST_CASE("gradients are recorded in training only, and undefined where nothing depends") {
  const Model model(R"(inputs: { x: "f32[6]" }
outputs: { y: used }
flow:
  - linear: 6
  - tag: used
  - linear: 3
)");
  const at::Tensor x = random_tensor({3, 6}, 1);
  CHECK(!model.run({x}).requires_grad());
  const auto found = exec::gradients(model.run({x}, true).sum(), model.store.parameters());
  REQUIRE(found.has_value());
  REQUIRE(found->size() == 4);
  CHECK((*found)[0].defined());
  CHECK(!(*found)[2].defined());
  CHECK(!model.store.parameters()[0].value.grad().defined());  // nothing accumulates
}

TEST_CASE("what libtorch refuses is told with the node and its place") {
  const Model model("inputs: { x: \"i64[4]\" }\nflow:\n  - embedding: { num: 5, dim: 2 }\n");
  const exec::Executor executor(model.graph, model.store, {model.graph.outputs.front().value});
  const auto out = executor.run({at::tensor({0, 1, 7, 2}, at::kLong).view({1, 4})}, {});
  REQUIRE(!out.has_value());
  CHECK(out.error().code == Code::NodeFailed);
  CHECK(out.error().node == "embedding_0");
  CHECK(out.error().span.line == 4);
  CHECK(out.error().message.find("index out of range") != std::string::npos);

  const Model norm("inputs: { x: \"f32[4]\" }\nflow:\n  - batch_norm\n");
  nn::StepContext training;
  training.training = true;
  const exec::Executor one(norm.graph, norm.store, {norm.graph.outputs.front().value});
  const auto single = one.run({random_tensor({1, 4}, 1)}, training);
  REQUIRE(!single.has_value());
  CHECK(single.error().message.find("more than one value per channel") != std::string::npos);
  CHECK(norm["batch_norm_0.num_batches_tracked"].item<std::int64_t>() == 0);

  const auto backward = exec::gradients(at::tensor({1.0F, 2.0F}), model.store.parameters());
  REQUIRE(!backward.has_value());
  CHECK(backward.error().code == Code::NodeFailed);
}

TEST_CASE("what nobody wants is not computed") {
  // The table has no row 5: looking it up fails.
  const Model model(R"(inputs: { x: "f32[6]", word: "i64[]" }
flow:
  - { linear: 2, tag: kept }
  - { from: word, embedding: { num: 3, dim: 2 } }
  - { add: [kept] }
outputs: { kept: kept, sum: output }
)");
  const std::vector<at::Tensor> inputs = {random_tensor({3, 6}, 1),
                                          at::tensor({0, 5, 1}, at::kLong)};
  const auto run = [&](std::size_t output) {
    const exec::Executor executor(model.graph, model.store, {model.graph.outputs[output].value});
    return executor.run(inputs, {}).has_value();
  };
  CHECK(run(0));
  CHECK(!run(1));
}

TEST_CASE("running statistics move also where nobody wants the output") {
  const Model model(R"(inputs: { x: "f32[6]" }
flow:
  - { linear: 2, tag: kept }
  - { batch_norm: , name: bn }
outputs: { kept: kept, normed: output }
)");
  const exec::Executor executor(model.graph, model.store, {model.graph.outputs[0].value});
  nn::StepContext context;
  context.training = true;
  REQUIRE(executor.run({random_tensor({3, 6}, 1)}, context).has_value());
  CHECK(model["bn.num_batches_tracked"].item<std::int64_t>() == 1);
}

TEST_CASE("a value is freed after its last reader, once, and never when wanted") {
  const Model model(R"(inputs: { x: "f32[6]" }
flow:
  - linear: 6
  - tag: kept
  - relu
  - tag: late
  - loop: { times: 2, body: [tanh, { add: [late] }, sigmoid] }
  - linear: 6
)");
  graph::ValueId kept = -1;
  for (const auto& tag : model.graph.tags) {
    if (tag.name == "kept") kept = tag.value;
  }
  const graph::ValueId last = model.graph.outputs.front().value;
  const auto steps = exec::compile(model.graph, model.store, {kept, last}, catalog::Passes::none());
  REQUIRE(steps.size() == 4);
  CHECK(steps[0].dead == std::vector<graph::ValueId>{model.graph.inputs.front().value});
  CHECK(steps[1].dead.empty());
  // The loop reads `late` in every turn.
  CHECK(steps[2].dead == std::vector<graph::ValueId>{steps[1].node->outputs.front()});
  CHECK(steps[3].dead == std::vector<graph::ValueId>{steps[2].node->outputs.front()});
  REQUIRE(steps[2].blocks[0].size() == 3);
  const auto& body = steps[2].node->blocks[0];
  CHECK(steps[2].blocks[0][0].dead == body.inputs);
  CHECK(steps[2].blocks[0][1].dead == steps[2].blocks[0][0].node->outputs);
  CHECK(steps[2].blocks[0][2].dead == steps[2].blocks[0][1].node->outputs);
}

}  // namespace fdl::testing
