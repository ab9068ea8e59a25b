#include "lib/graph/description.h"

#include <doctest/doctest.h>

#include "tests/unit/graph/model_text.h"

namespace fdl::testing {
namespace {

using Texts = std::vector<std::string>;

Texts between(const std::string& a, const std::string& b) {
  const graph::Graph graph_a = graph_of(a), graph_b = graph_of(b);
  // As a checkpoint does it: one of the two has been written and read.
  const auto recorded = graph::parse_description(to_json(graph::describe(graph_a)));
  REQUIRE(recorded.has_value());
  Texts found = graph::differences(*recorded, graph::describe(graph_b), {"there", "here"});
  CHECK(found.empty() == (graph_a.hash() == graph_b.hash()));
  return found;
}

}  // namespace

TEST_CASE("equal graphs have no difference") {
  CHECK(between("[{ also: [{ linear: 8 }, relu] }, softmax]",
                "[{ also: [{ linear: 8 }, relu] }, softmax]")
            .empty());
}

TEST_CASE("each difference is named") {
  CHECK(between("[dropout: 0.2]", "[dropout: 0.3]") ==
        Texts{"'dropout_0': p is 0.2 there, 0.3 here"});
  CHECK(between("[linear: 4]", "[linear: 5]") ==
        Texts{"'linear_0': out_features is 4 there, 5 here",
              "the tensor 'linear_0.bias' is f32[4] there, f32[5] here",
              "the tensor 'linear_0.weight' is f32[4, 8] there, f32[5, 8] here"});
  CHECK(between("[{ name: a, tanh: {} }]", "[{ name: a, relu: {} }]") ==
        Texts{"'a' is 'tanh' there, 'relu' here"});
  const Texts more = between("[relu]", "[relu, tanh]");
  REQUIRE(!more.empty());
  CHECK(more.front() == "the step 'tanh_0' is only here");
  CHECK(between("[{ loop: { times: 2, body: [tanh] } }]", "[{ loop: { times: 3, body: [tanh] } }]")
            .front()
            .find("times is 2 there, 3 here") != std::string::npos);
  CHECK(between("[relu, tanh]", "[tanh, relu]").size() >= 1);
  CHECK(between("[{ also: [tanh] }]", "[{ also: [tanh], merge: mul }]").size() >= 1);
}

TEST_CASE("a text that is no description") {
  for (
      const char* text :
      {"", "[]", "{}", "{\"format_version\": 2}",
       R"({"format_version": 1, "inputs": {}, "outputs": {}, "tensors": [1], "steps": []})",
       R"({"format_version": 1, "inputs": {"x": 1}, "outputs": {}, "tensors": [], "steps": []})"}) {
    CHECK(!graph::parse_description(text));
  }
}

}  // namespace fdl::testing
