#include <doctest/doctest.h>

#include "tests/unit/graph/model_text.h"

namespace fdl::testing {
namespace {

// "path <- names in the file", for each of a model's loads.
std::vector<std::string> loads_of(const graph::Graph& graph) {
  std::vector<std::string> out;
  for (const graph::Load& load : graph.loads) {
    std::string text = load.path + " <-";
    for (const auto& target : load.targets) text += " " + target.name;
    out.push_back(text);
  }
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a step's load fills what the step owns, by the names below it") {
  const graph::Graph graph = graph_of(
      "[{ linear: 4, load: a.st }, { name: enc, flow: [{ linear: 4 }, relu, { name: out, linear: { "
      "out: 2, bias: false } }], load: { from: b.st, strict: false } }]");
  CHECK(loads_of(graph) ==
        Texts{"linear_0 <- weight bias", "enc <- linear_0.weight linear_0.bias out.weight"});
  CHECK(graph.loads[0].request.from == "/a.st");
  CHECK(graph.loads[0].request.strict);
  CHECK(!graph.loads[1].request.strict);
}

TEST_CASE("a group without a name loads what is inside it") {
  const graph::Graph graph = graph_of("[{ linear: 4 }, { flow: [{ linear: 4 }], load: a.st }]");
  CHECK(loads_of(graph) == Texts{" <- linear_1.weight linear_1.bias"});
}

TEST_CASE("inner loads come first, the model's last") {
  const graph::Graph graph =
      graph_of("[{ name: a, flow: [{ name: b, linear: 2, load: in.st }], load: out.st }]",
               "  load: [{ path: a.b, from: x.st }, y.st]");
  CHECK(loads_of(graph) == Texts{"a.b <- weight bias", "a <- b.weight b.bias", "a.b <- weight bias",
                                 " <- a.b.weight a.b.bias"});
}

TEST_CASE("paths and patterns of the model's loads") {
  const auto loads = [](const std::string& path) {
    return loads_of(
        graph_of("[{ name: a, flow: [{ linear: 2 }, { linear: 2 }] }, { name: b, linear: 2 }]",
                 "  load: { path: " + path + ", from: x.st }"));
  };
  CHECK(loads("a.linear_1") == Texts{"a.linear_1 <- weight bias"});
  CHECK(loads("b.bias") == Texts{"b.bias <- bias"});
  CHECK(loads("\"*.bias\"") == Texts{"*.bias <- a.linear_0.bias a.linear_1.bias b.bias"});
  CHECK(loads("\"a.*\"").front().find("b.") == std::string::npos);
}

TEST_CASE("copies, branches and loops are loaded by their paths") {
  const graph::Graph graph = graph_of(
      "[{ name: layer, repeat: { times: 2, flow: [{ linear: 8 }] }, load: a.st },"
      " { loop: { times: 2, body: [{ linear: 8 }] }, load: b.st }]");
  CHECK(loads_of(graph) == Texts{"layer <- 0.linear_0.weight 0.linear_0.bias 1.linear_0.weight "
                                 "1.linear_0.bias",
                                 " <- linear_0.weight linear_0.bias"});
}

TEST_CASE("tied tensors keep all their names") {
  const graph::Graph graph = graph_of(
      "[{ name: a, linear: { out: 8, bias: false } }, { name: b, linear: { out: 8, bias: false } "
      "}]",
      "  load: x.st\n  tie: [[a.weight, b.weight]]");
  REQUIRE(graph.tensors.size() == 1);
  REQUIRE(graph.loads[0].targets.size() == 2);
  CHECK(graph.loads[0].targets[0].tensor == 0);
  CHECK(graph.loads[0].targets[1].tensor == 0);
  CHECK(graph.loads[0].targets[1].name == "b.weight");
}

TEST_CASE("loads do not change the hash") {
  CHECK(graph_of("[{ linear: 4, load: a.st }]").hash() == graph_of("[linear: 4]").hash());
}

TEST_CASE("loads that cannot be read") {
  const auto found = [](const std::string& load) {
    return codes(model_problems("[{ linear: 4, load: " + load + " }]"));
  };
  CHECK(found("{ from: a.st, prefx: b }") == Texts{"FDL2001"});
  CHECK(found("{ strict: true }") == Texts{"FDL2004"});
  CHECK(found("{ from: a.st, strict: maybe }") == Texts{"FDL2002"});
  CHECK(found("{ from: a.st, rename: [x] }") == Texts{"FDL2002"});
  CHECK(found("{ from: a.st, rename: { \"(\": x, \"a\": [b] } }") == Texts{"FDL3041", "FDL2002"});
  CHECK(found("{ from: a.st, rename: { \"a\": $1 } }") == Texts{"FDL3041"});
  CHECK(found("[a.st]") == Texts{"FDL2002"});
  CHECK(codes(model_problems("[{ relu: {}, load: a.st }]")) == Texts{"FDL2001"});
  CHECK(codes(model_problems("[linear: 4]", "  load: { path: linear_1, from: a.st }")) ==
        Texts{"FDL3017"});
  CHECK(codes(model_problems("[linear: 4]", "  load: { path: \"[\", from: a.st }")) ==
        Texts{"FDL4011"});
}

}  // namespace fdl::testing
