#include "lib/exec/program.h"

#include <set>

namespace fdl::exec {
namespace {

using graph::Block;
using graph::Node;
using graph::ValueId;
using ValueSet = std::set<ValueId>;

// All values that a node reads, those inside its body included.
void add_reads(const Node& node, ValueSet& out) {
  out.insert(node.inputs.begin(), node.inputs.end());
  out.erase(graph::kAbsent);
  for (const Block& block : node.blocks) {
    for (const Node& inner : block.nodes) add_reads(inner, out);
    out.insert(block.outputs.begin(), block.outputs.end());
  }
}

// All values that come to be inside a block.
void add_made(const Block& block, ValueSet& out) {
  out.insert(block.inputs.begin(), block.inputs.end());
  for (const Node& node : block.nodes) {
    out.insert(node.outputs.begin(), node.outputs.end());
    for (const Block& inner : node.blocks) add_made(inner, out);
  }
}

std::vector<ValueId> read_from_outside(const Block& block) {
  ValueSet read(block.outputs.begin(), block.outputs.end()), made;
  for (const Node& node : block.nodes) add_reads(node, read);
  add_made(block, made);
  std::vector<ValueId> out;
  for (const ValueId value : read) {
    if (made.count(value) == 0) out.push_back(value);
  }
  return out;
}

class Compiler {
 public:
  Compiler(const tensor::TensorStore& store, const ValueSet& kept) : store_(store), kept_(kept) {}

  std::vector<Step> block(const Block& block) const {
    std::vector<Step> steps;
    for (const Node& node : block.nodes) steps.push_back(step(node));
    mark_dead(block, steps);
    return steps;
  }

 private:
  Step step(const Node& node) const {
    Step out;
    out.node = &node;
    for (const Block& inner : node.blocks) {
      out.blocks.push_back(block(inner));
      out.outer.push_back(read_from_outside(inner));
    }
    if (node.kind != Node::Kind::Module) return out;
    out.forward = nn::find_forward(node.spec->name());
    std::vector<at::Tensor> own;
    for (const int index : node.tensors)
      own.push_back(store_.tensors()[static_cast<std::size_t>(index)].value);
    out.own = nn::Tensors(node.tensor_names, std::move(own));
    return out;
  }

  // Walks backwards: the first reader met is the last one. Only what the block itself makes dies in
  // it; what a loop's body reads from outside lives until the loop's last turn.
  void mark_dead(const Block& block, std::vector<Step>& steps) const {
    ValueSet made(block.inputs.begin(), block.inputs.end());
    for (const Node& node : block.nodes) made.insert(node.outputs.begin(), node.outputs.end());
    ValueSet needed = kept_;
    needed.insert(block.outputs.begin(), block.outputs.end());
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
      ValueSet touched(step->node->outputs.begin(), step->node->outputs.end());
      add_reads(*step->node, touched);
      for (const ValueId value : touched) {
        if (needed.insert(value).second && made.count(value) != 0) step->dead.push_back(value);
      }
    }
  }

  const tensor::TensorStore& store_;
  const ValueSet& kept_;
};

}  // namespace

std::vector<Step> compile(const graph::Graph& graph, const tensor::TensorStore& store,
                          const std::vector<ValueId>& kept) {
  const ValueSet set(kept.begin(), kept.end());
  return Compiler(store, set).block(graph.root);
}

}  // namespace fdl::exec
