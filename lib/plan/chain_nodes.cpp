#include "lib/plan/chain_nodes.h"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "lib/base/machine.h"
#include "lib/plan/chains.h"
#include "lib/plan/expert_ways.h"
#include "lib/plan/sizes.h"
#include "lib/plan/stretches.h"

namespace fdl::plan {
namespace {

using graph::Block;
using graph::Graph;
using graph::Node;
using graph::ValueId;

constexpr std::string_view kName = "chain";
constexpr std::int64_t kFloatBytes = sizeof(float);

catalog::Count fixed(std::int64_t bytes) {
  return [bytes](const void*, const auto&, const auto&) { return catalog::Dim(bytes); };
}

class Builder {
 public:
  Builder(const Graph& from, std::int64_t batch_size, catalog::Passes passes, ChainedGraph& out)
      : from_(from),
        fusion_(from, passes, /*on_gpu=*/false),
        sizes_(from, batch_size),
        ways_(from, passes.experts),
        out_(out) {
    count_reads(from.root);
  }

  void add_reads(const std::vector<ValueId>& wanted) {
    for (const ValueId value : wanted) ++num_reads_[value];
  }

  // How often a block runs, and on which share of the batch.
  struct Often {
    std::int64_t turns = 1;
    double share = 1;
  };
  Block block(const Block& from, const Often& often) {
    Block out{from.inputs, {}, from.outputs};
    const auto is_needed = [&](ValueId value) { return num_reads_[value] > 1; };
    for (const Stretch& one : fusion_.stretches(from.nodes, is_needed)) {
      const auto nodes = std::span<const Node>(from.nodes).subspan(one.first, one.count);
      if (one.way == Stretch::Way::Chain) {
        if (std::optional<Node> made = chain(nodes, often)) out.nodes.push_back(*std::move(made));
        continue;
      }
      if (one.way == Stretch::Way::ConvBlock) {
        out.nodes.push_back(conv_block(*one.block, nodes.back().outputs));
        continue;
      }
      Node node = nodes.front();
      const bool repeats = node.kind == Node::Kind::Loop;
      const Node& original = nodes.front();
      if (ways_.of(original) != ExpertsWay::Batched) {  // which are taken node by node
        const Often inside = {often.turns * (repeats ? node.times : 1),
                              often.share * ways_.share_of_block(original)};
        for (std::size_t i = 0; i < node.blocks.size(); ++i)
          node.blocks[i] = block(original.blocks[i], inside);
      }
      out.nodes.push_back(std::move(node));
    }
    return out;
  }

  void finish() { out_.other_bytes += kFloatBytes * most_scratch_; }

 private:
  void count_reads(const Block& block) {
    for (const ValueId value : block.outputs) ++num_reads_[value];
    for (const Node& node : block.nodes) {
      for (const ValueId value : node.inputs) ++num_reads_[value];
      for (const Block& inner : node.blocks) count_reads(inner);
    }
  }
  static std::int64_t reads_within(std::span<const Node> nodes, ValueId value) {
    std::int64_t out = 0;
    for (const Node& node : nodes) out += std::count(node.inputs.begin(), node.inputs.end(), value);
    return out;
  }

  // Of all that it makes the norm's input is kept, and behind a sum what comes out.
  Node conv_block(const ConvBlock& block, const std::vector<ValueId>& makes) {
    Node out = *block.norm;
    out.outputs = makes;
    auto spec = std::make_unique<catalog::ModuleSpec>(*block.norm->spec);
    const std::string read = spec->inputs.front().name,
                      made = spec->output_names(out.params.get()).front();
    std::vector<std::string> kept = {read};
    if (block.sum != nullptr) {
      out.inputs.push_back(block.added);
      spec->inputs.push_back({"added", catalog::DTypeClass::Floating, false, false});
      kept.push_back(made);
    }
    spec->kept = [kept](const void*) { return kept; };
    out_.specs.push_back(std::move(spec));
    out.spec = out_.specs.back().get();
    return out;
  }

  // None of nodes that nobody needs.
  std::optional<Node> chain(std::span<const Node> nodes, const Often& often) {
    const Chain chain = make_chain(from_, nodes, [&](ValueId value) {
      return num_reads_[value] > reads_within(nodes, value);
    });
    if (chain.makes.empty()) return std::nullopt;
    Node out;
    out.path = nodes.front().path;
    out.recompute = nodes.front().recompute;
    out.inputs = chain.reads;
    out.outputs = chain.makes;
    for (const Node& node : nodes) {
      for (const int index : node.tensors) {
        const bool is_new = std::count(out.tensors.begin(), out.tensors.end(), index) == 0;
        if (is_new) out.tensors.push_back(index);
      }
    }
    out.spec = spec_of(chain, often);
    hold_gradients(out);
    return out;
  }

  // Large memory is the node's own, the rest is held.
  const catalog::ModuleSpec* spec_of(const Chain& chain, const Often& often) {
    catalog::Dim rows = 1;
    const catalog::Shape& shape = sizes_.type_of(chain.makes.front()).shape;
    for (std::size_t axis = 0; axis + 1 < shape.size(); ++axis)
      rows = rows * sizes_.number_of(shape[axis]);
    const auto seen = static_cast<std::int64_t>(often.share * static_cast<double>(rows.number()));
    const ChainLayout layout = lay_out(chain, seen, true);
    // As if all of the batch came: the step takes its share of that.
    const auto own = [&](std::int64_t floats) {
      return fixed(
          static_cast<std::int64_t>(static_cast<double>(kFloatBytes * floats) / often.share));
    };
    auto spec = std::make_unique<catalog::ModuleSpec>();
    spec->record.name = kName;
    spec->inputs.clear();
    spec->outputs.clear();
    for (std::size_t i = 0; i < chain.reads.size(); ++i)
      spec->inputs.push_back(
          {"read_" + std::to_string(i), catalog::DTypeClass::Floating, false, false});
    for (std::size_t i = 0; i < chain.makes.size(); ++i)
      spec->outputs.push_back("make_" + std::to_string(i));
    std::vector<std::string> kept = spec->outputs;
    for (const catalog::InputSpec& input : spec->inputs) kept.push_back(input.name);
    spec->kept = [kept](const void*) { return kept; };
    if (layout.num_forward > kMostKeptFloats)
      spec->kept_bytes = own(layout.num_forward);
    else
      out_.forward_bytes += kFloatBytes * layout.num_forward * often.turns;
    if (layout.num_backward > kMostKeptFloats)
      spec->backward_work_bytes = own(layout.num_backward);
    else
      most_scratch_ = std::max(most_scratch_, layout.num_backward);
    out_.specs.push_back(std::move(spec));
    return out_.specs.back().get();
  }

  void hold_gradients(const Node& node) {
    std::int64_t count = 0;
    for (const int index : node.tensors) {
      const std::int64_t own = from_.tensors[static_cast<std::size_t>(index)].num_elements();
      count += aligned_floats(own);
    }
    if (count > kMostKeptFloats) return;
    out_.other_bytes += kFloatBytes * count;
    out_.held_gradients.insert(node.tensors.begin(), node.tensors.end());
  }

  const Graph& from_;
  const Fusion fusion_;
  const Sizes sizes_;
  const GateWays ways_;
  ChainedGraph& out_;
  std::map<ValueId, std::int64_t> num_reads_;
  std::int64_t most_scratch_ = 0;
};

}  // namespace

ChainedGraph::ChainedGraph(const Graph& from, std::int64_t batch_size,
                           const std::vector<ValueId>& wanted, catalog::Passes passes)
    : graph(from) {
  Builder builder(from, batch_size, passes, *this);
  std::vector<ValueId> read = wanted;
  for (const graph::NamedValue& output : from.outputs) read.push_back(output.value);
  for (const graph::State& state : from.states) read.push_back(state.written);
  for (const graph::PartialLoss& partial : from.partial_losses) read.push_back(partial.value);
  builder.add_reads(read);
  graph.root = builder.block(from.root, {});
  builder.finish();
}

bool ChainedGraph::is_chain(const Node& node) {
  return node.spec != nullptr && node.spec->name() == kName;
}

}  // namespace fdl::plan
