#include <set>

#include <doctest/doctest.h>

#include "lib/catalog/catalog.h"
#include "tests/unit/graph/model_text.h"

namespace fdl::graph {
namespace {

using testing::graph_of;

std::string hash(const std::string& flow, const std::string& more = "") {
  return graph_of(flow, more).hash();
}

}  // namespace

TEST_CASE("places, comments, spelling and tags leave the hash alone") {
  const std::string plain = hash("[linear: 8, relu]");
  CHECK(hash("\n    # a comment\n    - linear:\n        out: 8\n    -   relu") == plain);
  CHECK(hash("[{linear: {out_features: 8, bias: true}}, {relu: }]") == plain);
  CHECK(hash("[{linear: 8, tag: t}, relu]") == plain);
  CHECK(hash("[linear: 8, relu]", "params: {unused: 3}") == plain);
}

TEST_CASE("what decides the numbers changes the hash") {
  const std::vector<std::pair<std::string, std::string>> models = {
      {"[linear: 8, relu]", ""},
      {"[linear: 8, gelu]", ""},
      {"[linear: 4, relu]", ""},
      {"[{linear: {out: 8, bias: false}}, relu]", ""},
      {"[{linear: 8, name: head}, relu]", ""},
      {"[relu, linear: 8]", ""},
      {"[linear: 8, dropout: 0.1]", ""},
      {"[linear: 8, dropout: 0.2]", ""},
      {"[{loop: {times: 2, body: [linear: 8]}}]", ""},
      {"[{loop: {times: 3, body: [linear: 8]}}]", ""},
      {"[{loop: {times: 3, body: [{linear: 8, tag: a}, relu]}}]", ""},
      {"[{loop: {times: 3, body: [{linear: 8, tag: a}, relu, {from: a}]}}]", ""},
      {"[also: [linear: 8]]", ""},
      {"[{also: [linear: 8], merge: mul}]", ""},
      {"[{split: [[relu], [tanh]], merge: {concat: {dim: 1}}}]", ""},
      {"[{split: [[relu], [tanh]], merge: {stack: {dim: 1}}}]", ""},
      {"[{split: [[relu], [tanh]], merge: {stack: {dim: 2}}}]", ""},
      {"[{split: [[tanh], [relu]], merge: {stack: {dim: 2}}}]", ""},
      {"[{linear: 8, tag: a}, relu]", "outputs: {y: a}"},
      {"[{linear: 8, tag: a}, relu]", "outputs: {y: output}"},
      {"[{linear: 8, tag: a}, relu]", "outputs: {y: a, z: output}"},
  };
  std::map<std::string, std::string> seen;
  for (const auto& [flow, more] : models) {
    const auto [it, is_new] = seen.emplace(hash(flow, more), flow);
    CAPTURE(flow);
    CAPTURE(it->second);
    CHECK(is_new);
  }
}

TEST_CASE("every hyper-parameter of every module is in the hash") {
  int num_parameters = 0;
  for (const std::string& name : catalog::module_names()) {
    const catalog::ModuleSpec& spec = *catalog::find_module(name);
    Graph graph;
    graph.root.nodes.resize(1);
    Node& node = graph.root.nodes.front();
    node.spec = &spec;
    node.params = spec.make_params();
    const std::string plain = graph.hash();
    for (const config::FieldSpec& field : spec.record.fields) {
      CAPTURE(name);
      CAPTURE(field.name);
      bool has_changed = false;
      for (const char* value : {"7", "3", "0.125", "true", "false", "[5]", "[2, 3]", "[1, 2, 3]",
                                "0", "1", "2", "same", "[]", "null"}) {
        const std::shared_ptr<void> params = spec.make_params();
        Diagnostics problems;
        std::vector<std::string> values = field.choices;
        values.emplace_back(value);
        for (const std::string& text : values) {
          field.bind(*testing::tree_of("v: " + text).find("v"), params.get(), problems);
          node.params = params;
          has_changed = has_changed || graph.hash() != plain;
        }
      }
      CHECK(has_changed);
      ++num_parameters;
    }
  }
  CHECK(num_parameters > 20);
}

}  // namespace fdl::graph
