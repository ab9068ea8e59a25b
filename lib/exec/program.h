#pragma once

#include <memory>
#include <vector>

#include "lib/graph/graph.h"
#include "lib/nn/forward.h"
#include "lib/tensor/store.h"

// A graph made ready to run: forwards looked up, tensors at hand, and for each node the values that
// nobody reads after it. Internal to this folder.
namespace fdl::exec {

// A tensor that is computed before each forward.
struct Computed {
  std::string name;  // "weight"
  nn::Parametrized compute = nullptr;
  const void* params = nullptr;
  nn::Tensors originals;
  bool is_frozen = false;
};

struct Step {
  const graph::Node* node = nullptr;
  nn::Forward forward;                             // of a module
  nn::Tensors own;                                 // of a module
  std::vector<Computed> computed;                  // of a module
  std::vector<std::vector<Step>> blocks;           // of a loop or switch
  std::vector<std::vector<graph::ValueId>> outer;  // what each block reads from outside
  std::vector<graph::ValueId> dead;                // may be freed after this step
};

// `kept` are values that must outlive the whole run.
std::vector<Step> compile(const graph::Graph& graph, const tensor::TensorStore& store,
                          const std::vector<graph::ValueId>& kept);

}  // namespace fdl::exec
