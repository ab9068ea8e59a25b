#include <random>
#include <set>

#include <doctest/doctest.h>

#include "lib/catalog/catalog.h"
#include "tests/unit/graph/model_text.h"

namespace fdl::graph {
namespace {

// Random models, most of them wrong somewhere: building must answer, whatever is asked.
class RandomModel {
 public:
  explicit RandomModel(std::uint64_t seed) : random_(seed) {}

  std::string flow(int depth) {
    std::string out = "[";
    for (std::uint64_t n = pick(3) + 1; n > 0; --n) out += step(depth) + (n > 1 ? ", " : "");
    return out + "]";
  }

 private:
  std::uint64_t pick(std::uint64_t n) { return random_() % n; }

  std::string module() {
    static const std::vector<std::string> kNames = catalog::module_names();
    const std::string& name = kNames[pick(kNames.size())];
    if (pick(3) == 0) return name + ": " + std::to_string(pick(12));
    const std::string& example = catalog::find_module(name)->example;
    const bool is_word = example.find(':') == std::string::npos;
    return is_word ? example + ": " : example;
  }

  std::string module_step() { return "{" + module() + "}"; }

  std::string tag() { return std::string(1, static_cast<char>('a' + pick(3))); }

  std::string common() {
    std::string out;
    if (pick(4) == 0) out += ", tag: " + tag();
    if (pick(6) == 0) out += ", name: n" + std::to_string(pick(4));
    if (pick(8) == 0) out += ", from: " + (pick(2) == 0 ? tag() : "x");
    if (pick(12) == 0) out += ", using: [" + tag() + "]";
    return out;
  }

  std::string step(int depth) {
    if (depth == 0 || pick(2) == 0) return "{" + module() + common() + "}";
    const std::string inner = flow(depth - 1);
    const std::string merges[] = {"add", "mean", "mul", "{concat: {dim: 1}}", "{stack: {dim: -1}}"};
    switch (pick(14)) {
      case 0:
        return "{flow: " + inner + common() + "}";
      case 1:
        return "{also: " + inner + ", merge: " + merges[pick(5)] + common() + "}";
      case 2:
        return "{split: {p: " + inner + ", q: " + flow(depth - 1) + "}, merge: " + merges[pick(5)] +
               common() + "}";
      case 3:
        return "{repeat: {times: " + std::to_string(pick(4)) + ", flow: " + inner + "}" + common() +
               "}";
      case 4:
        return "{loop: {times: " + std::to_string(pick(4)) + ", body: " + inner +
               (pick(3) == 0 ? ", trace: [" + tag() + "]" : "") + "}" + common() + "}";
      case 5:
        return "{use: " + std::string(pick(2) == 0 ? "block" : "ring") + common() + "}";
      case 6:
        return "{concat: {with: [" + tag() + ", x], dim: " + std::to_string(pick(3)) + "}}";
      case 8:
        return "{loop: {while: [" + module_step() +
               ", {linear: 1}], max: " + std::to_string(pick(4)) +
               ", per_sample: true, body: " + inner + "}" + common() + "}";
      case 9:
        return "{gate: {router: [{linear: 2}, softmax: {dim: -1}], experts: [" + inner + ", " +
               flow(depth - 1) + "], top_k: 1, balance_loss: 0.1}" + common() + "}";
      case 10:
        return "{switch: {selector: [{argmax: {dim: " + std::to_string(pick(3)) +
               "}}], branches: {p: " + inner + ", q: " + flow(depth - 1) + "}}" + common() + "}";
      case 11:
        return "{map: {" + std::string(pick(2) == 0 ? "each: true" : "slices: 2") +
               ", body: " + inner + "}" + common() + "}";
      case 12:
        return "{fork: {flow: " + inner + ", tag: " + tag() + "}" + common() + "}";
      case 7:
        return "{add: " + (pick(2) == 0 ? tag() : "x") + "}";
      default:
        return "{relu: , also: " + inner + "}";
    }
  }

  std::mt19937_64 random_;
};

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

}  // namespace

TEST_CASE("building answers for every model: a graph whose values all have types, or problems") {
  int num_graphs = 0, num_with_state = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    CAPTURE(seed);
    const std::string input = seed % 3 == 0   ? "f32[8]"
                              : seed % 3 == 1 ? "f32[3, 16, 16]"
                                              : "i64[T<=9]";
    std::string flow = RandomModel(seed).flow(static_cast<int>(seed % 4));
    const bool with_state = seed % 6 == 0;  // read first, written last, or within if it so happens
    if (with_state) flow = "[{add: a}, {flow: " + flow + "}, flatten, {linear: 8, tag: a}]";
    const std::string text = "model:\n  inputs: { x: \"" + input + "\" }\n" +
                             (with_state ? "  state: { a: { shape: [8], init: ones } }\n" : "") +
                             "  flow: " + flow +
                             "\nmodules: {block: {flow: [relu, {also: [tanh]}]}, "
                             "ring: {flow: [use: ring]}}\n";
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
    }
    for (const Value& value : graph->values) CHECK(!value.path.empty());
    CHECK(graph->hash() == testing::build(text, problems)->hash());
  }
  CHECK(num_graphs > 300);
  CHECK(num_with_state > 30);
}

}  // namespace fdl::graph
