#include <doctest/doctest.h>

#include "tests/unit/graph/model_text.h"

namespace fdl::graph {
namespace {

using testing::graph_of, testing::model_problems;

std::string type_of(const Graph& graph, ValueId value) {
  return to_string(graph.values[static_cast<std::size_t>(value)].type);
}

// "cast precision_0, linear linear_0": the nodes of a graph in order.
std::string nodes_of(const Block& block) {
  std::string out;
  for (const Node& node : block.nodes) {
    if (!out.empty()) out += ", ";
    out += node.spec != nullptr ? node.spec->name() : std::string(to_string(node.kind));
    if (node.precision) out += "@" + std::string(catalog::to_string(*node.precision));
    for (const Block& inner : node.blocks) out += " [" + nodes_of(inner) + "]";
  }
  return out;
}

}  // namespace

TEST_CASE("casts stand where values enter and leave a precision, and nowhere else") {
  const Graph graph = graph_of(
      "[{linear: 8, tag: a}, {flow: [{linear: 8}, {also: [tanh]}, {add: [a]}], precision: bf16}, "
      "{linear: 2}]");
  CHECK(nodes_of(graph.root) ==
        "linear, cast, linear@bf16, tanh, merge, cast, merge, cast, linear");
  CHECK(type_of(graph, graph.outputs.front().value) == "f32[B, 2]");
  CHECK(nodes_of(graph_of("[{relu: , precision: f32}]").root) == "relu");
  CHECK(nodes_of(graph_of("[{batch_norm: , precision: f16}]").root) == "batch_norm");
  CHECK(nodes_of(graph_of("[{loop: {times: 2, body: [{linear: 8}]}, precision: f64}]").root) ==
        "cast, loop [linear@f64], cast");
  CHECK(nodes_of(graph_of("[{flow: [exp, {exp: , precision: f32}, tanh], precision: f16}]").root) ==
        "cast, exp, cast, exp, cast, tanh, cast");
}

TEST_CASE("a precision changes the hash, and no other path") {
  const Graph plain = graph_of("[{cast: f32}, {linear: 8}, {cast: f32}]"),
              half = graph_of("[{cast: f32}, {linear: 8, precision: f16}, {cast: f32}]");
  CHECK(plain.hash() != half.hash());
  CHECK(half.hash() != graph_of("[{cast: f32}, {linear: 8, precision: bf16}, {cast: f32}]").hash());
  CHECK(plain.tensors.front().path == half.tensors.front().path);
  CHECK(plain.root.nodes.back().path == half.root.nodes.back().path);
}

TEST_CASE("regions nest by number, also in blocks") {
  const Graph graph = graph_of(
      "[{flow: [relu, {tanh: , recompute: true}, {tanh: , recompute: true}], recompute: true}, "
      "{loop: {times: 2, body: [{exp: , recompute: true}]}, recompute: true}, {relu: , recompute: "
      "false}]");
  const std::vector<Node>& nodes = graph.root.nodes;
  REQUIRE(nodes.size() == 5);
  CHECK(nodes[0].recompute.size() == 1);
  CHECK(nodes[1].recompute.size() == 2);
  CHECK(nodes[1].recompute[0] == nodes[0].recompute[0]);
  CHECK(nodes[2].recompute[0] == nodes[0].recompute[0]);
  CHECK(nodes[2].recompute[1] != nodes[1].recompute[1]);
  CHECK(nodes[3].recompute.size() == 1);
  CHECK(nodes[3].recompute[0] != nodes[0].recompute[0]);
  CHECK(nodes[3].blocks[0].nodes[0].recompute.size() == 1);
  CHECK(nodes[4].recompute.empty());
}

TEST_CASE("a floating-point dtype that a module's parameters do not have needs a word") {
  const Diagnostics found = model_problems("[{cast: f64}, {linear: 4}]");
  REQUIRE(found.sorted().size() == 1);
  CHECK(found.sorted().front().code == Code::WrongDtype);
  CHECK(model_problems("[{cast: f64}, {linear: 4, precision: f64}]").empty());
  CHECK(model_problems("[{cast: f64}, {layer_norm: {elementwise_affine: false}}]").empty());
  CHECK(model_problems("[{precision: bf16, flow: [{cast: f16}, {linear: 4}]}]").empty());
}

}  // namespace fdl::graph
