#include "lib/exec/program.h"

#include <algorithm>
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

// Whether running it changes more than its outputs: running statistics, its own or those inside.
bool has_effects(const Node& node) {
  const auto inside = [](const Block& block) {
    return std::any_of(block.nodes.begin(), block.nodes.end(), has_effects);
  };
  if (std::any_of(node.blocks.begin(), node.blocks.end(), inside)) return true;
  return node.spec != nullptr && node.spec->updates_buffers();
}

class Compiler {
 public:
  Compiler(const tensor::TensorStore& store, const ValueSet& kept) : store_(store), kept_(kept) {}

  // `needed`: what is read after the block.
  std::vector<Step> block(const Block& block, ValueSet needed) const {
    needed.insert(kept_.begin(), kept_.end());
    std::vector<Step> steps;
    for (const Node* node : wanted(block, needed)) steps.push_back(step(*node));
    mark_dead(block, std::move(needed), steps);
    return steps;
  }

 private:
  // The nodes that somebody needs, in order.
  static std::vector<const Node*> wanted(const Block& block, ValueSet needed) {
    std::vector<const Node*> out;
    for (auto node = block.nodes.rbegin(); node != block.nodes.rend(); ++node) {
      const bool is_read = std::any_of(node->outputs.begin(), node->outputs.end(),
                                       [&](ValueId id) { return needed.count(id) != 0; });
      if (!is_read && !has_effects(*node)) continue;
      add_reads(*node, needed);
      out.push_back(&*node);
    }
    std::reverse(out.begin(), out.end());
    return out;
  }

  Step step(const Node& node) const {
    Step out;
    out.node = &node;
    for (const Block& inner : node.blocks) {
      out.blocks.push_back(block(inner, {inner.outputs.begin(), inner.outputs.end()}));
      out.outer.push_back(read_from_outside(inner));
    }
    if (node.kind != Node::Kind::Module) return out;
    out.forward = nn::find_forward(node.spec->name());
    std::vector<at::Tensor> own;
    for (const int index : node.tensors)
      own.push_back(store_.tensors()[static_cast<std::size_t>(index)].value);
    for (const graph::Parametrization& p : node.parametrizations) {
      std::vector<at::Tensor> originals;
      for (const std::size_t place : p.originals) originals.push_back(own[place]);
      out.computed.push_back({p.tensor,
                              nn::find_parametrization(p.spec->name()),
                              p.params.get(),
                              {p.names, std::move(originals)},
                              p.is_frozen});
    }
    out.own = nn::Tensors(node.tensor_names, std::move(own));
    return out;
  }

  // Walks backwards: the first reader met is the last one. Only what the block itself makes dies in
  // it; what a loop's body reads from outside lives until the loop's last turn.
  static void mark_dead(const Block& block, ValueSet needed, std::vector<Step>& steps) {
    ValueSet made(block.inputs.begin(), block.inputs.end());
    for (const Node& node : block.nodes) made.insert(node.outputs.begin(), node.outputs.end());
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
  return Compiler(store, set).block(graph.root, {});
}

}  // namespace fdl::exec
