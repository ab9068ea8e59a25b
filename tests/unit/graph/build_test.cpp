#include "lib/graph/build.h"

#include <set>

#include <doctest/doctest.h>

#include "tests/unit/graph/model_text.h"

namespace fdl::graph {
namespace {

using testing::codes;
using testing::graph_of;
using testing::model_problems;
using Codes = std::vector<std::string>;
using Paths = std::vector<std::string>;

Paths tensor_paths(const std::string& flow, const std::string& more = "") {
  Paths out;
  for (const OwnedTensor& tensor : graph_of(flow, more).tensors) out.push_back(tensor.path);
  return out;
}

Paths node_paths(const std::string& flow, const std::string& more = "") {
  Paths out;
  for (const Node& node : graph_of(flow, more).root.nodes) out.push_back(node.path);
  return out;
}

std::string output_type(const std::string& flow, const std::string& more = "") {
  const Graph graph = graph_of(flow, more);
  return to_string(graph.values[static_cast<std::size_t>(graph.outputs.front().value)].type);
}

Codes model_codes(const std::string& flow, const std::string& more = "") {
  return codes(model_problems(flow, more));
}

}  // namespace

TEST_CASE("modules without a name are counted by kind; names count for nothing") {
  CHECK(node_paths("[linear: 8, relu, {linear: 8, name: head}, linear: 8, relu]") ==
        Paths{"linear_0", "relu_0", "head", "linear_1", "relu_1"});
  CHECK(tensor_paths("[linear: 8, {linear: 4, name: a.b}]") ==
        Paths{"linear_0.weight", "linear_0.bias", "a.b.weight", "a.b.bias"});
}

TEST_CASE("constructs without a segment share their surroundings' counters") {
  CHECK(node_paths("[linear: 8, flow: [linear: 8], linear: 8]") ==
        Paths{"linear_0", "linear_1", "linear_2"});
  CHECK(node_paths("[linear: 8, {flow: [linear: 8], name: inner}, linear: 8]") ==
        Paths{"linear_0", "inner.linear_0", "linear_1"});
  CHECK(node_paths("[also: [linear: 8], {also: [linear: 8], name: r}]") ==
        Paths{"linear_0", "also_0", "r.linear_0", "also_1"});
}

TEST_CASE("repeat adds its index, split its keys, a name goes before both") {
  CHECK(node_paths("[repeat: {times: 2, flow: [linear: 8]}]") == Paths{"0.linear_0", "1.linear_0"});
  CHECK(node_paths("[{repeat: {times: 2, flow: [linear: 8]}, name: layer}]") ==
        Paths{"layer.0.linear_0", "layer.1.linear_0"});
  CHECK(node_paths("[{split: {a: [relu], b: [relu]}, merge: add}]") ==
        Paths{"a.relu_0", "b.relu_0", "split_0"});
  CHECK(node_paths("[{split: [[relu], [relu]], merge: add, name: s}]") ==
        Paths{"s.0.relu_0", "s.1.relu_0", "split_0"});
}

TEST_CASE("`${index}` differs in each copy") {
  const Graph graph = graph_of("[repeat: {times: 3, flow: [{linear: '${8 + index}'}]}]");
  CHECK(graph.tensors[0].shape == std::vector<std::int64_t>{8, 8});
  CHECK(graph.tensors[4].shape == std::vector<std::int64_t>{10, 9});
}

TEST_CASE("`use` binds params, `with` overrides them, and nothing else is seen inside") {
  const std::string modules =
      "modules: {block: {params: {w: 8, h: '${w * 2}'}, flow: [{linear: '${h}'}, {linear: "
      "'${w}'}]}}";
  CHECK(graph_of("[use: block]", modules).num_parameters() == 8 * 16 + 16 + 16 * 8 + 8);
  CHECK(output_type("[{use: block, with: {w: 4}}]", modules) == "f32[B, 4]");
  CHECK(model_codes("[{use: block, with: {x: 4}}]", modules) == Codes{"FDL2003"});
  CHECK(model_codes("[{relu: , tag: t}, use: inner]", "modules: {inner: {flow: [{add: t}]}}") ==
        Codes{"FDL3003"});
}

TEST_CASE("a module uses itself through others; a long chain of uses is refused, not followed") {
  CHECK(model_codes("[use: a]", "modules: {a: {flow: [use: b]}, b: {flow: [use: a]}}") ==
        Codes{"FDL3008"});
  std::string chain = "modules:\n";
  for (int i = 0; i < 3000; ++i)
    chain += "  m" + std::to_string(i) + ": {flow: [use: m" + std::to_string(i + 1) + "]}\n";
  chain += "  m3000: {flow: [relu]}\n";
  CHECK(!model_codes("[use: m0]", chain).empty());
}

TEST_CASE("tags are seen after them and inside, not before, beside or outside") {
  CHECK(model_codes("[{linear: 8, tag: t}, relu, {add: t}]").empty());
  CHECK(model_codes("[{linear: 8, tag: t}, also: [relu, {mul: t}]]").empty());
  CHECK(model_codes("[{add: t}, {linear: 8, tag: t}]") == Codes{"FDL3003"});
  CHECK(model_codes("[flow: [{linear: 8, tag: t}], {add: t}]") == Codes{"FDL3003"});
  CHECK(model_codes("[{split: {a: [{relu: , tag: t}], b: [{add: t}]}, merge: add}]") ==
        Codes{"FDL3003"});
  CHECK(model_codes("[{relu: , tag: t}, {relu: , tag: t}]") == Codes{"FDL3004"});
  CHECK(model_codes("[{relu: , tag: t}, flow: [{relu: , tag: t}], {add: t}]").empty());
  CHECK(model_codes("[relu, {add: x}]").empty());  // a model's input serves as a tag
}

TEST_CASE("`from` sets the stream, `outputs` names what leaves") {
  const Graph graph = graph_of("[{linear: 4, tag: a}, {linear: 2, tag: b}, {from: a}, relu]",
                               "outputs: {first: a, second: b, last: output}");
  REQUIRE(graph.outputs.size() == 3);
  const auto type = [&](std::size_t i) {
    return to_string(graph.values[static_cast<std::size_t>(graph.outputs[i].value)].type);
  };
  CHECK(type(0) == "f32[B, 4]");
  CHECK(type(1) == "f32[B, 2]");
  CHECK(type(2) == "f32[B, 4]");
  CHECK(model_codes("[relu]", "outputs: {y: nothing}") == Codes{"FDL3003"});
}

TEST_CASE("merges: equal shapes, but on the axis of a concat; steps broadcast") {
  const auto split = [](const std::string& a, const std::string& b, const std::string& merge) {
    return "[{split: {a: [linear: " + a + "], b: [linear: " + b + "]}, merge: " + merge + "}]";
  };
  for (const char* merge : {"add", "mean", "mul", "max", "min"}) {
    CAPTURE(merge);
    CHECK(output_type(split("4", "4", merge)) == "f32[B, 4]");
    CHECK(model_codes(split("4", "1", merge)) == Codes{"FDL3007"});
  }
  CHECK(output_type(split("4", "4", "{stack: {dim: 1}}")) == "f32[B, 2, 4]");
  CHECK(output_type(split("4", "4", "{stack: {dim: -1}}")) == "f32[B, 4, 2]");
  CHECK(output_type(split("4", "5", "{concat: {dim: 1}}")) == "f32[B, 9]");
  CHECK(model_codes(split("4", "5", "{concat: {dim: 0}}")) == Codes{"FDL3007"});
  CHECK(model_codes(split("4", "4", "{concat: {dim: 2}}")) == Codes{"FDL2005"});
  CHECK(output_type("[{linear: 1, tag: a}, {from: x}, {mul: a}]") == "f32[B, 8]");
  CHECK(output_type("[{linear: 3, tag: a}, {from: x}, {concat: {with: [a, a], dim: 1}}]") ==
        "f32[B, 14]");
  CHECK(model_codes("[{linear: 3, tag: a}, {from: x}, {add: a}]") == Codes{"FDL3007"});
}

TEST_CASE("a loop shares its weights and must keep its shape") {
  const Graph graph = graph_of("[loop: {times: 5, body: [linear: 8, relu]}]");
  CHECK(graph.num_parameters() == 72);
  CHECK(graph.root.nodes.front().times == 5);
  CHECK(model_codes("[loop: {times: 5, body: [linear: 4]}]") == Codes{"FDL3011"});
  for (const char* times : {"0", "-1", "1.5", "x", "1000000001"}) {
    CAPTURE(times);
    CHECK(!model_codes(std::string("[loop: {times: ") + times + ", body: [relu]}]").empty());
  }
}

TEST_CASE("two claims of one path need a name") {
  CHECK(model_codes("[{linear: 8, name: a}, {linear: 8, name: a}]") == Codes{"FDL3005"});
  CHECK(
      !model_codes("[repeat: {times: 1, flow: [relu]}, repeat: {times: 1, flow: [relu]}]").empty());
  CHECK(model_codes("[linear: 8, {linear: 8, name: linear_0}]") == Codes{"FDL3005"});
}

TEST_CASE("one mistake does not hide the next, and does not make another") {
  CHECK(model_codes("[linear: x, relu, {add: nothing}, {softmx: }, {linear: 4, nmae: a}]") ==
        Codes{"FDL2002", "FDL3003", "FDL3001", "FDL2001"});
}

TEST_CASE("steps that cannot be read") {
  for (const auto& [flow, code] : std::vector<std::pair<std::string, std::string>>{
           {"[[relu]]", "FDL3002"},
           {"[{}]", "FDL3002"},
           {"[{name: a}]", "FDL3002"},
           {"[{relu: , tanh: }]", "FDL3002"},
           {"[{relu: , name: 'a b'}]", "FDL3002"},
           {"[{relu: , name: a..b}]", "FDL3002"},
           {"[{relu: , merge: add}]", "FDL2001"},
           {"[{split: {a: [relu]}, merge: add}]", "FDL3002"},
           {"[{split: {a: [relu], b: [relu]}}]", "FDL2004"},
           {"[{split: {a: [relu], b: [relu]}, merge: sum}]", "FDL2006"},
           {"[{relu: , port: x}]", "FDL3016"},
           {"[{relu: , using: [x]}]", "FDL3012"},
           {"[{relu: , using: {inptu: x}}]", "FDL3012"},
           {"[{use: [a]}]", "FDL2002"},
           {"[{use: gone}]", "FDL3009"},
           {"[repeat: {times: 2}]", "FDL2004"},
           {"[repeat: {times: 2, flow: [relu], x: 1}]", "FDL2001"},
           {"relu", "FDL3014"},
           {"[]", "FDL3014"}}) {
    CAPTURE(flow);
    CHECK(model_codes(flow) == Codes{code});
  }
}

TEST_CASE("copies are limited, also where they hold nothing") {
  CHECK(model_codes("[repeat: {times: 100000, flow: [repeat: {times: 100000, flow: [relu]}]}]") ==
        Codes{"FDL3015"});
  CHECK(model_codes("[repeat: {times: 100000, flow: [repeat: {times: 100000, flow: []}]}]") ==
        Codes{"FDL3015"});
}

}  // namespace fdl::graph
