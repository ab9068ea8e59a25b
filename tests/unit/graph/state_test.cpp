#include <doctest/doctest.h>

#include "tests/unit/graph/model_text.h"

// `state:`: tags that are read before they are written.
namespace fdl::graph {
namespace {

using testing::codes;
using Codes = std::vector<std::string>;

// A model with one input x: f32[8], these states and this flow, and further sections.
std::string text_of(const std::string& states, const std::string& flow,
                    const std::string& more = "") {
  return "model:\n  inputs: { x: \"f32[8]\" }\n  state: " + states + "\n  flow: " + flow + "\n" +
         more + "\n";
}

Codes codes_of(const std::string& states, const std::string& flow, const std::string& more = "") {
  Diagnostics problems;
  (void)testing::build(text_of(states, flow, more), problems);
  return codes(problems);
}

Graph graph_of(const std::string& states, const std::string& flow, const std::string& more = "") {
  Diagnostics problems;
  std::optional<Graph> out = testing::build(text_of(states, flow, more), problems);
  if (!out) throw std::runtime_error(to_text(problems, false));
  return std::move(*out);
}

std::string type_of(const Graph& graph, ValueId value) {
  return to_string(graph.values[static_cast<std::size_t>(value)].type);
}

const std::string kEcho = "[{add: h}, {linear: 8, tag: h}]";

}  // namespace

TEST_CASE("a state is read until its tag is written, then the tag is this call's value") {
  const Graph graph = graph_of("{h: {shape: [8]}}", "[{add: h}, {linear: 8, tag: h}, {add: h}]");
  REQUIRE(graph.states.size() == 1);
  const State& state = graph.states.front();
  CHECK(state.path == "h");
  CHECK(type_of(graph, state.read) == "f32[B, 8]");
  REQUIRE(graph.root.nodes.size() == 3);
  CHECK(graph.root.nodes[0].inputs[1] == state.read);
  CHECK(graph.root.nodes[1].outputs[0] == state.written);
  CHECK(graph.root.nodes[2].inputs[1] == state.written);
  CHECK(graph.root.inputs == std::vector<ValueId>{graph.inputs[0].value, state.read});
}

TEST_CASE("the keys of a state") {
  const State plain = graph_of("{h: {shape: [8]}}", kEcho).states.front();
  CHECK(plain.init == catalog::Init{});
  CHECK(plain.reset == State::Reset::Sequence);
  CHECK(plain.bptt == 0);
  const State full =
      graph_of("{h: {shape: [8], init: {normal: 0.5}, reset: never, bptt: 4}}", kEcho)
          .states.front();
  CHECK(full.init == catalog::Init{catalog::Init::Kind::Normal, 0, 0.5});
  CHECK(full.reset == State::Reset::Never);
  CHECK(full.bptt == 4);
  const Graph counter = graph_of("{n: {shape: [], dtype: i64, init: ones}}",
                                 "[{tag: all}, {from: n, tag: seen}, {add: seen, tag: n}, "
                                 "{from: all}]");
  CHECK(type_of(counter, counter.states.front().read) == "i64[B]");
}

TEST_CASE("a state may be written in a nested flow, and read in loops and branches") {
  CHECK(codes_of("{h: {shape: [8]}}", "[{add: h}, also: [{linear: 8}, {tanh: , tag: h}], {add: h}]")
            .empty());
  CHECK(
      codes_of("{h: {shape: [8]}}",
               "[{loop: {times: 2, body: [{add: h}, tanh]}}, "
               "{switch: {selector: [{linear: 2}, {argmax: 1}], branches: [[{add: h}], [tanh]]}}, "
               "{linear: 8, tag: h}]")
          .empty());
}

TEST_CASE("each instance of a module has states of its own") {
  const std::string modules =
      "modules: {cell: {params: {w: 8}, inputs: [x], state: {h: {shape: ['${w}']}}, flow: "
      "[{add: h}, {linear: '${w}', tag: h}]}}";
  const Graph graph =
      graph_of("{}", "[{name: layer, repeat: {times: 2, flow: [use: cell]}}]", modules);
  REQUIRE(graph.states.size() == 2);
  CHECK(graph.states[0].path == "layer.0.h");
  CHECK(graph.states[1].path == "layer.1.h");
  CHECK(codes_of("{}", "[use: cell, use: cell]", modules) == Codes{"FDL3005"});
  CHECK(codes_of("{}", "[{use: cell, name: a}, {use: cell, name: b}]", modules).empty());
  CHECK(codes_of("{}", "[loop: {times: 2, body: [use: cell]}]", modules) == Codes{"FDL3030"});
}

TEST_CASE("states that cannot be carried") {
  for (const auto& [states, flow, code] : std::vector<std::tuple<std::string, std::string, Codes>>{
           {"{h: {shape: [8]}}", "[{add: h}, linear: 8]", {"FDL3030"}},  // nobody writes it
           {"{h: {shape: [8]}}", "[{linear: 8, tag: h}, {add: h}]", {"FDL3030"}},  // nor reads it
           {"{h: {shape: [8]}}", "[{add: h}, {linear: 4, tag: h}]", {"FDL3006"}},
           {"{h: {shape: [8]}}", "[{add: h}, {linear: 8, tag: h}, {tanh: , tag: h}]", {"FDL3004"}},
           {"{h: {shape: [8]}}",
            "[{add: h}, loop: {times: 2, body: [{tanh: , tag: h}]}]",
            {"FDL3030"}},
           {"{h: {shape: [4]}}", "[{add: h}, {linear: 4, tag: h}]", {"FDL3007"}},
           {"{x: {shape: [8]}}", "[{add: x}, {linear: 8, tag: x}]", {"FDL3005", "FDL3004"}},
           {"{h: {shape: [8], bptt: 0}}", kEcho, {"FDL2005"}},
           {"{h: {shape: [0]}}", kEcho, {"FDL2005"}},
           {"{h: {shape: 8}}", kEcho, {"FDL2002"}},
           {"{h: {}}", kEcho, {"FDL2004"}},
           {"{h: {shape: [8], rest: never}}", kEcho, {"FDL2001"}},
           {"{h: {shape: [8], reset: often}}", kEcho, {"FDL2006"}},
           {"{h: {shape: [8], dtype: f31}}", kEcho, {"FDL2006"}},
           {"{h: {shape: [8], init: zeroes}}", kEcho, {"FDL2008"}},
           {"{h: {shape: [8], init: orthogonal}}", kEcho, {"FDL3006"}},
           {"{h: {shape: [8], dtype: i64, init: normal}}",
            "[{cast: i64}, {add: h, tag: h}]",
            {"FDL3006"}},
           {"[h]", kEcho, {"FDL2002", "FDL3003"}},
           {"{h: {shape: [8], bptt: 2}, g: {shape: [8]}}",
            "[{add: [h, g]}, {linear: 8, tag: h}, {tanh: , tag: g}]",
            {"FDL3030"}}}) {
    CAPTURE(states);
    CAPTURE(flow);
    CHECK(codes_of(states, flow) == code);
  }
}

TEST_CASE("what a state is decides the hash") {
  std::vector<std::string> hashes;
  for (const char* keys :
       {"shape: [8]", "shape: [8], init: ones", "shape: [8], reset: never", "shape: [8], bptt: 3"})
    hashes.push_back(graph_of("{h: {" + std::string(keys) + "}}", kEcho).hash());
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    for (std::size_t j = i + 1; j < hashes.size(); ++j) CHECK(hashes[i] != hashes[j]);
  }
}

TEST_CASE("traces of a loop: the stream, tags of its body, new names, a port") {
  const auto types = [](const std::string& loop, const std::string& outputs) {
    const Graph graph = testing::graph_of(
        "[loop: {times: 3, body: [{linear: 4, tag: a}, {linear: 8, tag: b}, tanh], " + loop +
            "}, linear: 2]",
        "outputs: {" + outputs + "}");
    std::string out;
    for (const NamedValue& output : graph.outputs) out += type_of(graph, output.value) + " ";
    return out;
  };
  CHECK(types("trace: t", "y: t") == "f32[B, 3, 8] ");
  CHECK(types("trace: [a, b]", "y: a, z: b") == "f32[B, 3, 4] f32[B, 3, 8] ");
  CHECK(types("trace: {inner: a, all: output}", "y: inner, z: all") ==
        "f32[B, 3, 4] f32[B, 3, 8] ");
  const Graph port = testing::graph_of(
      "[{loop: {times: 3, body: [tanh], trace: true}, tag: l}, {from: l.trace}, flatten]");
  CHECK(type_of(port, port.outputs.front().value) == "f32[B, 24]");
  const auto refused = [](const std::string& trace) {
    return codes(testing::model_problems(
        "[loop: {times: 3, body: [{tanh: , tag: a}], trace: " + trace + "}]"));
  };
  CHECK(refused("[b]") == Codes{"FDL3003"});
  CHECK(refused("[[a]]") == Codes{"FDL2002"});
  CHECK(refused("[x]") == Codes{"FDL3003"});  // an input is no tag of the body
  CHECK(refused("[a, a]") == Codes{"FDL3004"});
}

}  // namespace fdl::graph
