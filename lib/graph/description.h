#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/graph/graph.h"

// What Graph::hash() is over, under names that a person knows, so that two graphs can be told apart
// by more than their hashes: graph.json of a checkpoint.
namespace fdl::graph {

struct Description {
  struct Tensor {
    std::string path, type;  // "f32[64, 10]"
    bool is_buffer = false;
  };
  struct Step {
    std::string path, kind;
    std::map<std::string, std::string> parameters;  // as YAML
    std::vector<std::string> inputs;                // paths of the steps that make them
  };
  std::map<std::string, std::string> inputs;   // name -> type
  std::map<std::string, std::string> outputs;  // name -> path of the step that makes it
  std::vector<Tensor> tensors;
  std::vector<Step> steps;  // in order, those of inner blocks behind their own
};

Description describe(const Graph& graph);

std::string to_json(const Description& description);
std::optional<Description> parse_description(std::string_view json);

// How two graphs are called in sentences: "there", "here".
struct Sides {
  std::string a, b;
};

// One sentence for each difference: "'dropout_0': p is 0.2 there, 0.3 here".
std::vector<std::string> differences(const Description& a, const Description& b,
                                     const Sides& sides);

}  // namespace fdl::graph
