#include <cmath>

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <doctest/doctest.h>

#include "lib/config/layers.h"
#include "lib/exec/executor.h"
#include "lib/graph/build.h"
#include "tests/unit/engine/support.h"

// What the laws over the catalogue cannot tell of activations, shapes and reductions.
namespace fdl::testing {
namespace {

at::Tensor rectify(const at::Tensor& x, const nn::StepContext& context) {
  const auto module = bind_module("rrelu", yaml("{ lower: 0.2, upper: 0.6 }"), {type_of(x)});
  REQUIRE(module.has_value());
  nn::StepContext mine = context;
  return nn::find_forward("rrelu")(module->params.get(), {}, {x}, mine).front();
}

nn::StepContext training() {
  nn::StepContext context;
  context.training = true;
  context.seed = 42;
  context.node_path = "rrelu_0";
  return context;
}

at::Tensor run(const graph::Graph& graph, const std::vector<at::Tensor>& inputs) {
  const tensor::TensorStore store(graph, 42);
  const exec::Executor executor(graph, store, {graph.outputs.front().value});
  auto out = executor.run(inputs, {});
  INFO((out ? "" : out.error().message));
  REQUIRE(out.has_value());
  return out->front();
}

// The type that a step makes of a stream, as text; what is wrong, when it is refused.
std::string shape_after(const std::string& step, const std::string& input) {
  config::Manifest manifest;
  manifest.root = yaml("model:\n  inputs: { x: \"" + input + "\" }\n  flow: [" + step + "]\n");
  Diagnostics problems;
  const auto graph = graph::build_graph(manifest, {}, problems);
  if (problems.has_errors()) return to_text(problems, false);
  const auto last = static_cast<std::size_t>(graph->outputs.front().value);
  return catalog::to_string(graph->values[last].type.shape);
}

}  // namespace

TEST_CASE("rrelu draws slopes evenly between its bounds, for negative elements only") {
  const at::Tensor slopes = rectify(at::full({400, 500}, -1.0), training()).neg();
  CHECK(slopes.min().item<float>() >= 0.2F);
  CHECK(slopes.max().item<float>() < 0.6F);
  // Five standard errors of a uniform distribution's mean, and its deviation.
  const double deviation = 0.4 / std::sqrt(12);
  CHECK(std::abs(slopes.mean().item<double>() - 0.4) < 5 * deviation / std::sqrt(200'000));
  CHECK(std::abs(slopes.std().item<double>() - deviation) < 0.01 * deviation);
  CHECK(slopes.mean(1).sub(0.4).abs().max().item<double>() < 5 * deviation / std::sqrt(500));
  const at::Tensor above = random_tensor({4, 6}, 1).abs();
  CHECK(is_same(rectify(above, training()), above));
}

TEST_CASE("a sample's slopes in rrelu do not depend on its batch, but on the step and the node") {
  const at::Tensor x = at::full({8, 64}, -1.0);
  const at::Tensor base = rectify(x, training());
  CHECK(is_same(rectify(x, training()), base));
  nn::StepContext second = training();
  second.first_row = 4;
  CHECK(is_same(rectify(x.slice(0, 4, 8), second), base.slice(0, 4, 8)));
  nn::StepContext later = training(), elsewhere = training();
  later.step = 1;
  elsewhere.node_path = "rrelu_1";
  CHECK(!is_same(rectify(x, later), base));
  CHECK(!is_same(rectify(x, elsewhere), base));
  CHECK(!is_same(base.slice(0, 0, 1), base.slice(0, 1, 2)));
}

TEST_CASE("each part of a chunk has a port, as many as there are parts") {
  const graph::Graph graph = build(R"(inputs: { x: "f32[5]" }
flow:
  - { chunk: 3, tag: part }
  - { from: part.2, scale: 10 }
)");
  const at::Tensor x = at::arange(10).view({2, 5}).to(at::kFloat);
  CHECK(is_same(run(graph, {x}), x.slice(1, 4, 5).mul(10)));
  CHECK(shape_after("{ chunk: 4 }", "f32[5]").find("does not give 4 parts") != std::string::npos);
}

TEST_CASE("named axes survive") {
  const std::string x = "f32[T, 6]";
  CHECK(shape_after("exp", x) == "[B, T, 6]");
  CHECK(shape_after("swiglu", x) == "[B, T, 3]");
  CHECK(shape_after("{ permute: [0, 2, 1] }", x) == "[B, 6, T]");
  CHECK(shape_after("{ transpose: { dim0: 1, dim1: -1 } }", x) == "[B, 6, T]");
  CHECK(shape_after("{ unflatten: { dim: 2, unflattened_size: [2, -1] } }", x) == "[B, T, 2, 3]");
  CHECK(shape_after("{ reshape: [-1, 2] }", x) == "[B, 3*T, 2]");
  CHECK(shape_after("{ slice: { start: 1 } }", x) == "[B, T - 1, 6]");
  CHECK(shape_after("{ slice: { start: -2 } }", x) == "[B, 2, 6]");
  CHECK(shape_after("{ slice: { stop: 3, step: 2 } }", x) == "[B, 2, 6]");
  CHECK(shape_after("{ select: { dim: 1, index: -1 } }", x) == "[B, 6]");
  CHECK(shape_after("{ mean: 2 }", x) == "[B, T]");
  CHECK(shape_after("{ sum: { dim: 1, keepdim: true } }", x) == "[B, 1, 6]");
  CHECK(shape_after("max", x) == "[B]");
  CHECK(shape_after("{ pad: [0, 0, 1, 2] }", x) == "[B, T + 3, 6]");
  CHECK(shape_after("{ chunk: { chunks: 2, dim: 2 } }", x) == "[B, T, 3]");
  CHECK(shape_after("{ top_k: { k: 2, dim: 1 } }", x) == "[B, 2, 6]");
  CHECK(shape_after("{ expand: [-1, -1] }", x) == "[B, T, 6]");
  CHECK(shape_after("squeeze", "f32[T, 1]") == "[B, T]");
}

TEST_CASE("nothing moves, cuts or reduces the batch axis") {
  const auto is_refused = [](const std::string& step) {
    CAPTURE(step);
    CHECK(shape_after(step, "f32[4, 6]").find("axis 0 is the batch") != std::string::npos);
  };
  for (const char* kind :
       {"sum", "mean", "max", "min", "prod", "logsumexp", "norm", "var", "std", "argmax", "argmin",
        "cumsum", "cumprod", "flip", "squeeze", "unsqueeze", "glu"})
    is_refused(std::string("{ ") + kind + ": 0 }");
  is_refused("{ sum: [1, -3] }");
  is_refused("{ permute: [1, 0, 2] }");
  is_refused("{ transpose: { dim0: 1, dim1: 0 } }");
  is_refused("{ slice: { dim: 0, stop: 1 } }");
  is_refused("{ select: { dim: 0, index: 0 } }");
  is_refused("{ chunk: { chunks: 2, dim: 0 } }");
  is_refused("{ roll: { shifts: 1, dims: 0 } }");
  is_refused("{ pad: [0, 0, 0, 0, 1, 1] }");
  is_refused("{ top_k: { k: 1, dim: 0 } }");
}

}  // namespace fdl::testing
