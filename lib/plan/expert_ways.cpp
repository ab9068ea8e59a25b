#include "lib/plan/expert_ways.h"

#include <algorithm>
#include <map>

namespace fdl::plan {
namespace {

using graph::Block;
using graph::Graph;
using graph::Node;
using graph::ValueId;

// Whether what comes out for a sample depends on the others of its batch.
bool couples_samples(const Node& node) {
  if (node.kind == Node::Kind::Loop && node.condition != Node::Condition::None && !node.per_sample)
    return true;
  if (node.spec != nullptr && (node.spec->couples_samples || node.spec->updates_buffers()))
    return true;
  return std::any_of(node.blocks.begin(), node.blocks.end(), [](const Block& block) {
    return std::any_of(block.nodes.begin(), block.nodes.end(), couples_samples);
  });
}

// Parameters of an expert, on average, from which it pays to deal out samples, and up to which it
// pays to stack the parameters of all: as measured for docs/adr/0015.
constexpr std::int64_t kLeastDealt = 1 << 14, kMostBatched = 1 << 11;

std::int64_t num_parameters(const Graph& graph, const Block& block) {
  std::int64_t out = 0;
  for (const Node& node : block.nodes) {
    for (const int index : node.tensors)
      out += graph.tensors[static_cast<std::size_t>(index)].num_elements();
    for (const Block& inner : node.blocks) out += num_parameters(graph, inner);
  }
  return out;
}

std::int64_t mean_parameters(const Graph& graph, const Node& gate) {
  std::int64_t out = 0;
  for (const Block& expert : gate.blocks) out += num_parameters(graph, expert);
  return out / static_cast<std::int64_t>(gate.blocks.size());
}

// Compares two experts; values inside are the same when they stand at the same place.
class Twins {
 public:
  explicit Twins(const Graph& graph) : graph_(graph) {}

  bool are(const Block& a, const Block& b) {
    return pair(a.inputs, b.inputs) &&
           std::equal(a.nodes.begin(), a.nodes.end(), b.nodes.begin(), b.nodes.end(),
                      [this](const Node& x, const Node& y) { return are(x, y); }) &&
           same(a.outputs, b.outputs);
  }

 private:
  bool are(const Node& a, const Node& b) {
    const bool flat = (a.kind == Node::Kind::Module || a.kind == Node::Kind::Merge) &&
                      a.recompute.empty() && b.recompute.empty() && a.parametrizations.empty() &&
                      b.parametrizations.empty();
    return flat && a.kind == b.kind && a.spec == b.spec && a.merge == b.merge && a.dim == b.dim &&
           a.precision == b.precision && a.is_frozen == b.is_frozen && same_parameters(a, b) &&
           same(a.inputs, b.inputs) && pair(a.outputs, b.outputs);
  }

  bool same_parameters(const Node& a, const Node& b) const {
    if (a.spec == nullptr) return true;
    const auto& fields = a.spec->record.fields;
    return std::all_of(fields.begin(), fields.end(),
                       [&](const auto& field) {
                         return field.show(a.params.get()) == field.show(b.params.get());
                       }) &&
           std::equal(a.tensors.begin(), a.tensors.end(), b.tensors.begin(), b.tensors.end(),
                      [this](int x, int y) { return shape_of(x) == shape_of(y); });
  }

  const std::vector<std::int64_t>& shape_of(int tensor) const {
    return graph_.tensors[static_cast<std::size_t>(tensor)].shape;
  }

  bool pair(const std::vector<ValueId>& a, const std::vector<ValueId>& b) {
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) twin_of_[a[i]] = b[i];
    return a.size() == b.size();
  }

  bool same(const std::vector<ValueId>& a, const std::vector<ValueId>& b) const {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [this](ValueId x, ValueId y) {
      const auto twin = twin_of_.find(x);
      return (twin == twin_of_.end() ? x : twin->second) == y;
    });
  }

  const Graph& graph_;
  std::map<ValueId, ValueId> twin_of_;
};

bool can_deal(const Graph& graph, const Node& gate) {
  const auto& weights = graph.values[static_cast<std::size_t>(gate.inputs.front())].type;
  const auto num_experts = static_cast<std::int64_t>(gate.blocks.size());
  return gate.top_k > 0 && 2 * gate.top_k <= num_experts && weights.shape.size() == 2 &&
         mean_parameters(graph, gate) >= kLeastDealt && !couples_samples(gate);
}

bool can_batch(const Graph& graph, const Node& gate) {
  const auto& axes = [&](ValueId value) {
    return graph.values[static_cast<std::size_t>(value)].type.shape;
  };
  const auto is_batch = [&](ValueId value) {
    return value == graph::kAbsent ||
           (!axes(value).empty() && axes(value).front() == axes(gate.inputs[1]).front());
  };
  const Block& first = gate.blocks.front();
  const bool fits = mean_parameters(graph, gate) <= kMostBatched &&
                    is_batch(first.outputs.front()) &&
                    std::any_of(first.nodes.begin(), first.nodes.end(), is_linear) &&
                    std::all_of(first.nodes.begin(), first.nodes.end(), [&](const Node& node) {
                      return std::all_of(node.inputs.begin(), node.inputs.end(), is_batch) &&
                             std::all_of(node.outputs.begin(), node.outputs.end(), is_batch);
                    });
  return fits && std::all_of(gate.blocks.begin(), gate.blocks.end(),
                             [&](const Block& other) { return Twins(graph).are(first, other); });
}

}  // namespace

bool is_linear(const Node& node) { return node.spec != nullptr && node.spec->name() == "linear"; }

bool can_fold(const Node& node) {
  return node.tensors.empty() && !couples_samples(node) &&
         (node.spec == nullptr || !node.spec->draws);
}

ExpertsWay experts_way(const Graph& graph, const Node& gate, bool is_looked_into) {
  if (is_looked_into) return ExpertsWay::OneByOne;
  if (can_deal(graph, gate)) return ExpertsWay::Dealt;
  return can_batch(graph, gate) ? ExpertsWay::Batched : ExpertsWay::OneByOne;
}

GateWays::GateWays(const Graph& graph, bool passes) : graph_(graph) {
  if (passes) visit(graph.root);
}

void GateWays::visit(const Block& block) {
  for (const Node& node : block.nodes) {
    for (const Block& inner : node.blocks) visit(inner);
    if (node.kind != Node::Kind::Gate) continue;
    ways_[&node] = experts_way(graph_, node, false);
    if (ways_[&node] == ExpertsWay::Batched) stack(node);
  }
}

// What the experts make is apart from the first node on that is not the same for all.
void GateWays::stack(const Node& gate) {
  const std::vector<Node>& nodes = gate.blocks.front().nodes;
  const auto is_apart = [&](ValueId value) { return copies_.count(value) != 0; };
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    if (can_fold(node) && std::none_of(node.inputs.begin(), node.inputs.end(), is_apart)) continue;
    for (const ValueId output : node.outputs)
      copies_[output] = static_cast<double>(gate.blocks.size());
    for (const Block& expert : gate.blocks) {
      const std::vector<int>& own = expert.nodes[i].tensors;
      stacked_[&node].insert(stacked_[&node].end(), own.begin(), own.end());
    }
  }
}

ExpertsWay GateWays::of(const Node& node) const {
  const auto found = ways_.find(&node);
  return found == ways_.end() ? ExpertsWay::OneByOne : found->second;
}

std::span<const Block> GateWays::blocks_of(const Node& node) const {
  const std::span<const Block> all = node.blocks;
  return of(node) == ExpertsWay::Batched ? all.first(1) : all;
}

double GateWays::share_of_block(const Node& node) const {
  const auto num_blocks = static_cast<double>(node.blocks.size());
  if (node.kind == Node::Kind::Switch) return 1 / num_blocks;
  return of(node) == ExpertsWay::Dealt ? static_cast<double>(node.top_k) / num_blocks : 1;
}

double GateWays::copies_of(ValueId value) const {
  const auto found = copies_.find(value);
  return found == copies_.end() ? 1 : found->second;
}

const std::vector<int>& GateWays::tensors_of(const Node& node) const {
  const auto found = stacked_.find(&node);
  return found == stacked_.end() ? node.tensors : found->second;
}

}  // namespace fdl::plan
