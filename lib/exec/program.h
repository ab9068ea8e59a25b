#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "lib/catalog/passes.h"
#include "lib/exec/fused.h"
#include "lib/graph/graph.h"
#include "lib/nn/forward.h"
#include "lib/plan/conv_blocks.h"
#include "lib/tensor/store.h"

// A graph made ready to run: forwards looked up, tensors at hand, and for each node the values that
// nobody reads after it. Internal to this folder.
namespace fdl::exec {

// A tensor that is computed before each forward, from those of Step::own.
struct Computed {
  const graph::Parametrization* how = nullptr;
  nn::Parametrized compute = nullptr;
};

struct Step {
  // Null: a region that the backward pass computes again, or with `chain` or `conv_block` nodes
  // that run as one.
  const graph::Node* node = nullptr;
  std::shared_ptr<const FusedChain> chain;
  std::optional<plan::ConvBlock> conv_block;
  nn::Forward forward;             // of a module
  nn::Tensors own;                 // of a module
  std::vector<Computed> computed;  // of a module
  std::vector<std::vector<Step>>
      blocks;  // of a loop, switch or gate; what is in a region, chain or conv_block
  std::vector<std::vector<graph::ValueId>> outer;  // what each block reads from outside
  std::vector<graph::ValueId> makes;               // of a region: what is read after it
  std::vector<graph::ValueId> dead;                // may be freed after this step
  bool is_dealt = false;    // of a gate: an expert sees only the samples that it has a weight for
  bool is_batched = false;  // of a gate: all experts run as one
};

// `kept` are values that must outlive the whole run; `passes`: what may run
// otherwise than op by op; without a BLAS to call no chain does.
std::vector<Step> compile(const graph::Graph& graph, const tensor::TensorStore& store,
                          const std::vector<graph::ValueId>& kept, catalog::Passes passes);

// Each module in the steps, those in their blocks too.
template <typename Visit>
void for_each_module(const std::vector<Step>& steps, Visit visit) {
  for (const Step& step : steps) {
    if (step.forward) visit(step);
    for (const std::vector<Step>& block : step.blocks) for_each_module(block, visit);
  }
}

}  // namespace fdl::exec
