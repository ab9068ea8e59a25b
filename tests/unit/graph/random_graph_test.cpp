#include <set>

#include <doctest/doctest.h>

#include "lib/base/pattern.h"
#include "tests/unit/graph/model_text.h"
#include "tests/unit/random_model.h"

namespace fdl::graph {
namespace {

void check_block(const Graph& graph, const Block& block, std::set<std::string>& paths) {
  const auto is_value = [&](ValueId v) {
    return v >= 0 && static_cast<std::size_t>(v) < graph.values.size();
  };
  for (const Node& node : block.nodes) {
    CAPTURE(node.path);
    CHECK(paths.insert(node.path).second);
    CHECK(!node.outputs.empty());
    for (const ValueId v : node.outputs) CHECK(is_value(v));
    for (const ValueId v : node.inputs) CHECK((v == kAbsent || is_value(v)));
    CHECK(node.tensors.size() == node.tensor_names.size());
    for (std::size_t i = 0; i < node.tensors.size(); ++i)
      CHECK(graph.tensors[static_cast<std::size_t>(node.tensors[i])].path ==
            node.path + "." + node.tensor_names[i]);
    for (const Block& inner : node.blocks) check_block(graph, inner, paths);
  }
  for (const ValueId v : block.outputs) CHECK(is_value(v));
}

bool matches(const std::string& pattern, const std::string& path) {
  const auto read = Pattern::parse(pattern);
  REQUIRE(read.has_value());
  return read->matches(path);
}

// Whatever a tensor is nested in, it is reached by its path, by each subtree around it, and by
// wildcards in the place of segments.
void check_patterns(const std::string& path) {
  CAPTURE(path);
  CHECK(matches(path, path));
  CHECK(matches("*" + path.substr(path.rfind('.')), path));
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1)) {
    CHECK(matches(path.substr(0, dot), path));
    CHECK(matches("**" + path.substr(dot), path));
    const std::size_t begin = path.substr(0, dot).rfind('.') + 1;
    CHECK(matches(path.substr(0, begin) + (begin == 0 ? "?*" : "*") + path.substr(dot), path));
    CHECK(!matches(path.substr(0, dot) + "x", path));
  }
}

}  // namespace

TEST_CASE("building answers for every model: a graph whose values all have types, or problems") {
  int num_graphs = 0, num_with_state = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    CAPTURE(seed);
    const std::string input = seed % 3 == 0   ? "f32[8]"
                              : seed % 3 == 1 ? "f32[3, 16, 16]"
                                              : "i64[T<=9]";
    const std::string text = testing::random_model_text(seed, input, static_cast<int>(seed % 4));
    CAPTURE(text);
    Diagnostics problems;
    const auto graph = testing::build(text, problems);
    CHECK(graph.has_value() == !problems.has_errors());
    for (const Diagnostic& d : problems.sorted()) CHECK(d.span.is_known());
    if (!graph) continue;
    ++num_graphs;
    num_with_state += graph->states.empty() ? 0 : 1;
    for (const State& state : graph->states) {
      CHECK(graph->values[static_cast<std::size_t>(state.read)].type ==
            graph->values[static_cast<std::size_t>(state.written)].type);
    }
    std::set<std::string> paths, tensors;
    check_block(*graph, graph->root, paths);
    for (const OwnedTensor& tensor : graph->tensors) {
      CHECK(tensors.insert(tensor.path).second);
      CHECK(tensor.num_elements() >= 1);
      check_patterns(tensor.path);
    }
    for (const Value& value : graph->values) CHECK(!value.path.empty());
    CHECK(graph->hash() == testing::build(text, problems)->hash());
  }
  CHECK(num_graphs > 300);
  CHECK(num_with_state > 30);
}

}  // namespace fdl::graph
