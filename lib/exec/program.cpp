#include "lib/exec/program.h"

#include <algorithm>
#include <set>
#include <span>

#include "lib/kernels/gemm.h"
#include "lib/plan/chains.h"
#include "lib/plan/expert_ways.h"
#include "lib/plan/stretches.h"

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

// All values that come to be in a node.
void add_made(const Node& node, ValueSet& out) {
  out.insert(node.outputs.begin(), node.outputs.end());
  for (const Block& block : node.blocks) {
    out.insert(block.inputs.begin(), block.inputs.end());
    for (const Node& inner : block.nodes) add_made(inner, out);
  }
}

std::vector<ValueId> without(const ValueSet& from, const ValueSet& these) {
  std::vector<ValueId> out;
  std::set_difference(from.begin(), from.end(), these.begin(), these.end(),
                      std::back_inserter(out));
  return out;
}

std::vector<ValueId> read_from_outside(const Block& block) {
  ValueSet read(block.outputs.begin(), block.outputs.end());
  ValueSet made(block.inputs.begin(), block.inputs.end());
  for (const Node& node : block.nodes) {
    add_reads(node, read);
    add_made(node, made);
  }
  return without(read, made);
}

// Whether running it changes more than its outputs: running statistics, its own or those inside.
bool has_effects(const Node& node) {
  const auto inside = [](const Block& block) {
    return std::any_of(block.nodes.begin(), block.nodes.end(), has_effects);
  };
  if (std::any_of(node.blocks.begin(), node.blocks.end(), inside)) return true;
  if (node.spec != nullptr && node.spec->updates_buffers()) return true;
  return std::any_of(node.parametrizations.begin(), node.parametrizations.end(),
                     [](const graph::Parametrization& p) { return !p.is_frozen; });
}

// Whether somebody reads what it gives, or its running is felt otherwise.
bool is_needed(const Node& node, const ValueSet& needed) {
  return has_effects(node) || std::any_of(node.outputs.begin(), node.outputs.end(),
                                          [&](ValueId value) { return needed.count(value) != 0; });
}

// How many nodes at the end make one step: those of a region at that depth, or one.
std::size_t last_step(std::span<const Node> nodes, std::size_t depth) {
  const std::vector<int>& regions = nodes.back().recompute;
  if (regions.size() <= depth) return 1;
  std::size_t count = 1;
  while (count < nodes.size()) {
    const std::vector<int>& before = nodes[nodes.size() - count - 1].recompute;
    if (before.size() <= depth || before[depth] != regions[depth]) break;
    ++count;
  }
  return count;
}

class Compiler {
 public:
  Compiler(const graph::Graph& graph, const tensor::TensorStore& store, const ValueSet& kept,
           catalog::Passes passes)
      : graph_(graph), store_(store), kept_(kept), passes_(passes) {
    is_on_gpu_ = !store.device().is_cpu();
    passes_.chains &= is_on_gpu_ || kernels::has_blas();
  }

  // Of the model's own outputs only those that are kept are wanted.
  std::vector<Step> root() const {
    const Block& root = graph_.root;
    return steps(root.nodes, 0, ValueSet(root.inputs.begin(), root.inputs.end()), kept_);
  }

 private:
  std::vector<Step> block(const Block& block) const {
    ValueSet needed = kept_;
    needed.insert(block.outputs.begin(), block.outputs.end());
    return steps(block.nodes, 0, ValueSet(block.inputs.begin(), block.inputs.end()),
                 std::move(needed));
  }

  // Walks backwards: the first reader met is the last one, and what nobody reads is left out. Only
  // what is made here dies here; what a loop's body reads from outside lives until the loop's last
  // turn. `needed` is read afterwards.
  std::vector<Step> steps(std::span<const Node> nodes, std::size_t depth, ValueSet made,
                          ValueSet needed) const {
    for (const Node& node : nodes) made.insert(node.outputs.begin(), node.outputs.end());
    std::vector<Step> out;
    while (!nodes.empty()) {
      const plan::Stretch last =
          plan::Fusion(graph_, passes_, is_on_gpu_).last_stretch(nodes, depth, is_in(needed));
      const bool is_fused = last.way != plan::Stretch::Way::Single;
      const std::size_t count = is_fused ? last.count : last_step(nodes, depth);
      const auto these = nodes.last(count);
      nodes = nodes.first(nodes.size() - count);
      const auto wanted = [&](const Node& node) { return is_needed(node, needed); };
      if (std::none_of(these.begin(), these.end(), wanted)) continue;
      ValueSet touched;
      if (is_fused) {
        const bool is_chain = last.way == plan::Stretch::Way::Chain;
        out.push_back(is_chain ? chain(these, depth, needed)
                               : conv_block(*last.block, these, depth));
        touched.insert(out.back().makes.begin(), out.back().makes.end());
        touched.insert(out.back().outer.front().begin(), out.back().outer.front().end());
      } else if (these.front().recompute.size() > depth) {
        out.push_back(region(these, depth + 1, needed));
        touched.insert(out.back().makes.begin(), out.back().makes.end());
        touched.insert(out.back().outer.front().begin(), out.back().outer.front().end());
      } else {
        out.push_back(step(these.front()));
        touched.insert(these.front().outputs.begin(), these.front().outputs.end());
        add_reads(these.front(), touched);
      }
      for (const ValueId value : touched) {
        if (needed.insert(value).second && made.count(value) != 0) out.back().dead.push_back(value);
      }
    }
    std::reverse(out.begin(), out.end());
    return out;
  }

  Step region(std::span<const Node> nodes, std::size_t depth, const ValueSet& needed) const {
    ValueSet read, made;
    for (const Node& node : nodes) {
      add_reads(node, read);
      add_made(node, made);
    }
    Step out;
    std::set_intersection(made.begin(), made.end(), needed.begin(), needed.end(),
                          std::back_inserter(out.makes));
    out.outer.push_back(without(read, made));
    out.blocks.push_back(steps(nodes, depth, {}, ValueSet(out.makes.begin(), out.makes.end())));
    return out;
  }

  static plan::Fusion::IsNeeded is_in(const ValueSet& needed) {
    return [&needed](ValueId value) { return needed.count(value) != 0; };
  }

  // Like a chain.
  Step conv_block(const plan::ConvBlock& block, std::span<const Node> nodes,
                  std::size_t depth) const {
    Step out;
    out.conv_block = block;
    out.makes = nodes.back().outputs;
    out.outer.push_back({out.conv_block->first().inputs.front()});
    if (out.conv_block->sum != nullptr) out.outer.front().push_back(out.conv_block->added);
    out.blocks.push_back(one_by_one(nodes, depth, out.makes));
    return out;
  }

  std::vector<Step> one_by_one(std::span<const Node> nodes, std::size_t depth,
                               const std::vector<ValueId>& makes) const {
    Compiler plain = *this;
    plain.passes_.chains = false;
    return plain.steps(nodes, depth, {}, ValueSet(makes.begin(), makes.end()));
  }

  // As one, or node by node where somebody looks at them.
  Step chain(std::span<const Node> nodes, std::size_t depth, const ValueSet& needed) const {
    plan::Chain chain = plan::make_chain(graph_, nodes, is_in(needed));
    Step out;
    out.makes = chain.makes;
    out.outer.push_back(chain.reads);
    out.blocks.push_back(one_by_one(nodes, depth, out.makes));
    out.chain = std::make_shared<const FusedChain>(std::move(chain), store_, scratch_);
    return out;
  }

  Step step(const Node& node) const {
    Step out;
    out.node = &node;
    if (node.kind == Node::Kind::Gate && passes_.experts) choose_way(node, out);
    Compiler of_blocks = *this;
    if (out.is_batched) of_blocks.passes_.chains = false;  // it takes the experts node by node
    for (const Block& inner : node.blocks) {
      out.blocks.push_back(of_blocks.block(inner));
      out.outer.push_back(read_from_outside(inner));
    }
    if (node.kind != Node::Kind::Module) return out;
    out.forward = nn::find_forward(node.spec->name());
    std::vector<at::Tensor> own;
    for (const int index : node.tensors)
      own.push_back(store_.tensors()[static_cast<std::size_t>(index)].value);
    out.own = nn::Tensors(node.tensor_names, std::move(own));
    for (const graph::Parametrization& p : node.parametrizations)
      out.computed.push_back({&p, nn::find_parametrization(p.spec->name())});
    return out;
  }

  // How the experts of a gate run. Values inside that are wanted need them one by one.
  void choose_way(const Node& gate, Step& step) const {
    ValueSet made;
    add_made(gate, made);
    for (const ValueId value : gate.outputs) made.erase(value);
    const bool is_looked_into =
        std::any_of(made.begin(), made.end(), [&](ValueId v) { return kept_.count(v) != 0; });
    const plan::ExpertsWay way = plan::experts_way(graph_, gate, is_looked_into);
    step.is_dealt = way == plan::ExpertsWay::Dealt;
    step.is_batched = way == plan::ExpertsWay::Batched;
  }

  const graph::Graph& graph_;
  const tensor::TensorStore& store_;
  const ValueSet& kept_;
  catalog::Passes passes_;
  bool is_on_gpu_ = false;
  std::shared_ptr<ScratchPool> scratch_ = make_scratch();
};

}  // namespace

std::vector<Step> compile(const graph::Graph& graph, const tensor::TensorStore& store,
                          const std::vector<ValueId>& kept, catalog::Passes passes) {
  const ValueSet set(kept.begin(), kept.end());
  return Compiler(graph, store, set, passes).root();
}

}  // namespace fdl::exec
