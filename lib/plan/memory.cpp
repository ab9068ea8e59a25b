// One training step, followed node by node. Sizes are doubles: exact to 2^53, and they do not wrap.
//
// A value's memory is its root's: views share that of what they look at. A root is freed when all
// its readers have run and no backward pass still needs it. Of a loop one turn is followed; what
// the others keep is added to it as a whole. What a region with `recompute` keeps is there while
// its backward pass runs.
#include "lib/plan/memory.h"

#include <algorithm>
#include <map>
#include <set>

#include "lib/catalog/held_memory.h"
#include "lib/plan/chain_nodes.h"
#include "lib/plan/expert_ways.h"
#include "lib/plan/gradients.h"
#include "lib/plan/sizes.h"

namespace fdl::plan {
namespace {

using graph::Block;
using graph::MergeKind;
using graph::Node;
using graph::ValueId;

constexpr int kNoRegion = -1;

double number(const catalog::Dim& dim) { return static_cast<double>(dim.number()); }

class Step {
 public:
  // `held`: tensors whose gradients have their place already.
  Step(const graph::Graph& graph, std::int64_t batch_size, const std::set<int>& held,
       catalog::Passes passes)
      : graph_(graph),
        held_(held),
        passes_(passes),
        sizes_(graph, batch_size),
        gradients_(graph),
        ways_(graph, passes.experts),
        values_(graph.values.size()),
        tensor_seen_(graph.tensors.size(), false) {
    for (std::size_t i = 0; i < values_.size(); ++i) values_[i].root = static_cast<ValueId>(i);
    for (const Node* node : all_nodes(graph)) places_.emplace(node, places_.size());
    out_.node_bytes.resize(places_.size());
    find_roots(graph.root, 1, kNoRegion);
    count_uses(graph.root);
  }

  StepMemory run(const std::vector<LossMemory>& losses) {
    for (const graph::NamedValue& input : graph_.inputs) {
      root_of(input.value).reads += 1;  // the batch stays
      make(input.value);
    }
    for (const graph::State& state : graph_.states) {
      root_of(state.read).reads += 1;
      root_of(state.written).reads += 1;  // the next call reads it
      make(state.read);
      out_.state_bytes += whole(of(state.read));
    }
    for (const LossMemory& loss : losses) root_of(loss.output).reads += 1;  // the step holds them
    for (const graph::NamedValue& output : graph_.outputs)
      root_of(output.value).reads += losses.empty() ? 1 : 0;
    forward(graph_.root);
    out_.activation_bytes = whole(live_);
    for (const LossMemory& loss : losses) take(of(loss.output) * loss.kept_outputs);
    for (const LossMemory& loss : losses) {
      gradient_for(loss.output);
      rise(of(loss.output) * loss.worked_outputs);
      live_ -= of(loss.output) * loss.kept_outputs;
    }
    if (losses.empty() && !graph_.outputs.empty()) gradient_for(graph_.outputs.front().value);
    for (const graph::PartialLoss& partial : graph_.partial_losses) gradient_for(partial.value);
    backward(graph_.root);
    enter_region(kNoRegion);
    out_.gradient_bytes = whole(parameter_gradients_);
    out_.peak_bytes = whole(peak_);
    return out_;
  }

 private:
  struct Value {
    ValueId root = -1;
    double share = 1;          // of the batch, inside a switch
    ValueId before = -1;       // of a loop's entry: what comes in at the first turn
    ValueId after = -1;        // and at later ones
    int reads = 0, keeps = 0;  // still to come; of a root
    bool is_live = false;
    int gradient = -1;  // index into shared_
    int region = kNoRegion;
  };
  struct Region {            // that is computed again
    double bytes = 0;        // that its nodes keep then
    std::set<ValueId> kept;  // roots, each once
    bool is_live = false;
  };
  struct Shared {  // a gradient's memory
    double bytes = 0;
    int users = 0;
  };

  static std::int64_t whole(double bytes) {
    return bytes < 9.2e18 ? static_cast<std::int64_t>(bytes) : INT64_MAX;
  }
  Value& at(ValueId id) { return values_[static_cast<std::size_t>(id)]; }
  Value& root_of(ValueId id) { return at(at(id).root); }
  double of(ValueId id) { return number(sizes_.bytes_of(id)) * at(id).share; }
  void rise(double more) { peak_ = std::max(peak_, live_ + more); }
  void take(double bytes) {
    live_ += bytes;
    rise(0);
  }

  // The roots that stand for a value: two where it is a loop's entry.
  std::vector<ValueId> roots(ValueId id) {
    const ValueId root = at(id).root;
    if (at(root).before < 0) return {root};
    std::vector<ValueId> out = roots(at(root).before);
    const ValueId after = at(at(root).after).root;
    if (after != root) out.push_back(after);
    return out;
  }

  // Whether each turn of a loop ends with a tensor of its own: what the turn made of the samples
  // that go on, and what was there of the others.
  static bool merges(const Node& loop) { return loop.per_sample; }

  // `around`: the outermost region that the whole block is in.
  void find_roots(const Block& block, double share, int around) {
    for (const Node& node : block.nodes) {
      const int region =
          around == kNoRegion && !node.recompute.empty() ? node.recompute.front() : around;
      region_of_node_[&node] = region;
      const double inner_share = share * ways_.share_of_block(node);
      const bool is_dealt = ways_.of(node) == ExpertsWay::Dealt;
      for (const Block& inner : ways_.blocks_of(node)) {
        Value& entry = at(inner.inputs.front());
        entry.share = inner_share;
        entry.region = region;
        if (node.kind == Node::Kind::Gate && !is_dealt) entry.root = at(node.inputs.back()).root;
        if (node.kind == Node::Kind::Loop) {
          entry.before = node.inputs.front();
          entry.after = merges(node) ? node.outputs.front() : node.blocks.front().outputs.front();
        }
        find_roots(inner, inner_share, region);
      }
      for (const ValueId output : node.outputs) {
        at(output).share = share * ways_.copies_of(output);
        at(output).region = region;
        if (is_view(node)) at(output).root = at(node.inputs.front()).root;
      }
      if (node.kind == Node::Kind::Loop && !merges(node))
        at(node.outputs.front()).root = at(node.blocks.front().outputs.front()).root;
    }
  }

  void count_uses(const Block& block) {
    for (const Node& node : block.nodes) {
      for (const ValueId input : node.inputs) count(input, &Value::reads);
      for (const Block& inner : ways_.blocks_of(node)) {
        count_uses(inner);
        for (const ValueId made : inner.outputs) count(made, &Value::reads);
      }
      if (!gradients_.of_node(node)) continue;
      for (const ValueId kept : kept_values(node)) {
        if (is_recomputed(kept, node))
          add_to_region(node, kept);
        else
          count(kept, &Value::keeps);
      }
      const int region = region_of_node_.at(&node);
      if (region != kNoRegion) regions_[region].bytes += declared_own_bytes(node);
    }
  }
  // Whether what a node keeps is not kept, as its region makes it anew.
  bool is_recomputed(ValueId kept, const Node& node) const {
    const int region = region_of_node_.at(&node);
    return region != kNoRegion && values_[static_cast<std::size_t>(kept)].region == region;
  }
  void add_to_region(const Node& node, ValueId kept) {
    Region& region = regions_[region_of_node_.at(&node)];
    for (const ValueId root : roots(kept)) {
      if (region.kept.insert(root).second) region.bytes += of(root);
    }
  }
  void count(ValueId id, int Value::*what) {
    if (id == graph::kAbsent) return;
    for (const ValueId root : roots(id)) at(root).*what += 1;
  }

  void make(ValueId id) {
    Value& root = root_of(id);
    if (root.is_live || root.before >= 0) return;
    root.is_live = true;
    take(of(at(id).root));
  }
  void let_go(ValueId id, int Value::*what) {
    if (id == graph::kAbsent) return;
    for (const ValueId root : roots(id)) {
      at(root).*what -= 1;
      free_if_unused(root);
    }
  }
  void free_if_unused(ValueId root) {
    Value& value = at(root);
    if (!value.is_live || value.reads > 0 || value.keeps > 0) return;
    value.is_live = false;
    live_ -= of(root);
  }

  double own_bytes(const Node& node) {
    return region_of_node_.at(&node) == kNoRegion ? declared_own_bytes(node) : 0;
  }
  double declared_own_bytes(const Node& node) {
    if (node.spec == nullptr || !gradients_.of_node(node)) return 0;
    const catalog::HeldMemory* other = other_memory(node);
    return work(other != nullptr ? other->kept_bytes : node.spec->kept_bytes, node) +
           stacked_bytes(node);
  }
  // The weights of all experts, as their gradients' inputs need them: in one place.
  double stacked_bytes(const Node& node) const {
    const bool is_stacked = ways_.is_stacked(node) && is_linear(node);
    if (!is_stacked || !gradients_.of_inputs(node)) return 0;
    double out = 0;
    for (const int index : ways_.tensors_of(node)) {
      const graph::OwnedTensor& tensor = graph_.tensors[static_cast<std::size_t>(index)];
      if (tensor.shape.size() == 2) out += bytes_of(tensor);
    }
    return out;
  }
  static double bytes_of(const graph::OwnedTensor& tensor) {
    return static_cast<double>(tensor.num_elements()) *
           static_cast<double>(catalog::bytes_of(tensor.dtype));
  }
  const catalog::HeldMemory* other_memory(const Node& node) const {
    catalog::Passes passes = passes_;
    const graph::ValueId out = node.outputs.front();
    const bool is_f32 =
        graph_.values[static_cast<std::size_t>(out)].type.dtype == catalog::DType::F32;
    if (!is_f32) passes.attention = false;  // its kernel is of f32
    return catalog::held_otherwise(node.spec->name(), passes);
  }
  double forward_work(const Node& node) {
    const catalog::HeldMemory* other = other_memory(node);
    return work(other != nullptr ? other->forward_work_bytes : node.spec->forward_work_bytes, node);
  }
  double backward_work(const Node& node) {
    const catalog::HeldMemory* other = other_memory(node);
    return work(other != nullptr ? other->backward_work_bytes : node.spec->backward_work_bytes,
                node);
  }
  double work(const catalog::Count& declared, const Node& node) {
    return number(sizes_.count(declared, node)) * at(node.outputs.front()).share;
  }

  void forward(const Block& block) {
    for (const Node& node : block.nodes) {
      if (node.kind == Node::Kind::Loop)
        forward_loop(node);
      else
        forward_node(node);
      if (node.blocks.empty()) {
        double kept = own_bytes(node);
        for (const ValueId output : node.outputs) {
          const Value& root = root_of(output);
          const bool is_new = root.is_live && at(output).root == output && root.keeps > 0;
          kept += is_new ? of(output) : 0;
        }
        out_.node_bytes[places_.at(&node)] = whole(kept * turns_);
      }
    }
  }

  void forward_node(const Node& node) {
    for (const Block& inner : ways_.blocks_of(node)) {  // of a switch or gate
      make(inner.inputs.front());
      forward(inner);
    }
    for (const ValueId output : node.outputs) make(output);
    take(own_bytes(node));
    if (node.spec != nullptr) rise(forward_work(node));
    if (ways_.of(node) == ExpertsWay::Dealt)  // what each makes, joined, put in order
      rise((2 * static_cast<double>(node.top_k) + 1) * of(node.outputs.front()));
    // Sums of several are made one by one.
    const bool adds = node.kind == Node::Kind::Gate || node.inputs.size() > 2;
    if (node.spec == nullptr && node.kind != Node::Kind::Switch && adds)
      rise(of(node.outputs.front()));
    for (const Block& inner : ways_.blocks_of(node)) {
      for (const ValueId made : inner.outputs) let_go(made, &Value::reads);
      free_if_unused(at(inner.inputs.front()).root);
    }
    for (const ValueId input : node.inputs) let_go(input, &Value::reads);
    for (const ValueId output : node.outputs) free_if_unused(at(output).root);
  }

  void forward_loop(const Node& node) {
    const double outer_peak = peak_, start = live_, outer_turns = turns_;
    peak_ = live_;
    turns_ *= static_cast<double>(node.times);
    for (const Block& inner : node.blocks) forward(inner);
    turns_ = outer_turns;
    double one = std::max(0.0, live_ - start);
    if (merges(node)) {
      make(node.outputs.front());
      one += root_of(node.outputs.front()).keeps > 0 ? of(node.outputs.front()) : 0;
    }
    const double others = one * (static_cast<double>(node.times) - 1);
    peak_ = std::max(outer_peak, peak_ + others);
    live_ += others;
    others_[&node] = others;
    for (std::size_t i = 1; i < node.outputs.size(); ++i) make(node.outputs[i]);
    for (const Block& inner : node.blocks) {
      for (const ValueId made : inner.outputs) let_go(made, &Value::reads);
    }
    for (const ValueId input : node.inputs) let_go(input, &Value::reads);
    for (const ValueId output : node.outputs) free_if_unused(at(output).root);
  }

  // --- backward ---------------------------------------------------------------------------

  void gradient_for(ValueId id) { join(id, new_gradient(id)); }
  int new_gradient(ValueId id) {
    shared_.push_back({of(id), 0});
    take(shared_.back().bytes);
    return static_cast<int>(shared_.size()) - 1;
  }
  // A further gradient of a value is added to the first.
  void join(ValueId id, int gradient) {
    Value& value = at(id);
    Shared& more = shared_[static_cast<std::size_t>(gradient)];
    if (value.gradient < 0) {
      value.gradient = gradient;
      more.users += 1;
    } else if (more.users == 0) {
      live_ -= more.bytes;
    }
  }
  void drop_gradient(ValueId id) {
    Value& value = at(id);
    if (value.gradient < 0) return;
    Shared& shared = shared_[static_cast<std::size_t>(value.gradient)];
    value.gradient = -1;
    if (--shared.users == 0) live_ -= shared.bytes;
  }

  // A region is computed again before its last node's backward pass, and gone after its first's.
  void enter_region(int region) {
    if (region == region_at_hand_) return;
    const auto left = regions_.find(region_at_hand_);
    if (left != regions_.end()) live_ -= left->second.bytes;
    const auto entered = regions_.find(region);
    if (entered != regions_.end()) take(entered->second.bytes);
    region_at_hand_ = region;
  }

  void backward(const Block& block) {
    for (auto node = block.nodes.rbegin(); node != block.nodes.rend(); ++node) {
      enter_region(region_of_node_.at(&*node));
      if (!gradients_.of_node(*node) && node->blocks.empty()) continue;
      if (node->blocks.empty())
        backward_node(*node);
      else
        backward_blocks(*node);
    }
  }

  static bool passes(const Node& node) {
    if (is_view(node)) return true;
    return node.kind == Node::Kind::Merge &&
           (node.merge == MergeKind::Add || node.merge == MergeKind::Concat ||
            node.merge == MergeKind::Stack);
  }

  void backward_node(const Node& node) {
    const int arriving = at(node.outputs.front()).gradient;
    for (const ValueId input : node.inputs) {
      if (!gradients_.of(input)) continue;
      const bool shares = arriving >= 0 && passes(node) && of(input) <= of(node.outputs.front());
      join(input, shares ? arriving : new_gradient(input));
    }
    for (const int index : ways_.tensors_of(node)) tensor_gradient(static_cast<std::size_t>(index));
    if (node.spec != nullptr) rise(backward_work(node));
    for (const ValueId output : node.outputs) drop_gradient(output);
    live_ -= own_bytes(node);
    let_go_of_kept(node);
  }

  void let_go_of_kept(const Node& node) {
    for (const ValueId kept : kept_values(node)) {
      if (!is_recomputed(kept, node)) let_go(kept, &Value::keeps);
    }
  }

  void tensor_gradient(std::size_t index) {
    const graph::OwnedTensor& tensor = graph_.tensors[index];
    if (tensor.is_buffer || tensor.is_frozen) return;
    const double bytes = bytes_of(tensor);
    if (tensor_seen_[index]) {
      rise(2 * bytes);  // a further gradient, and the sum of both
      return;
    }
    tensor_seen_[index] = true;
    parameter_gradients_ += bytes;
    if (held_.count(static_cast<int>(index)) == 0) take(bytes);
  }

  void tensor_gradients(const Block& block) {
    for (const Node& node : block.nodes) {
      for (const int index : node.tensors) tensor_gradient(static_cast<std::size_t>(index));
      for (const Block& inner : node.blocks) tensor_gradients(inner);
    }
  }

  // The gradient of a loop's output is that of its body's, and the entry's that of what came in.
  void backward_blocks(const Node& node) {
    const double outer_turns = turns_;
    if (node.kind == Node::Kind::Loop) turns_ *= static_cast<double>(node.times);
    const auto blocks = ways_.blocks_of(node);
    const bool is_dealt = ways_.of(node) == ExpertsWay::Dealt;
    const double joined = is_dealt ? static_cast<double>(node.top_k) * of(node.outputs.front()) : 0;
    take(joined);  // of what all experts make
    for (auto inner = blocks.rbegin(); inner != blocks.rend(); ++inner) {
      if (gradients_.of(inner->outputs.front())) gradient_for(inner->outputs.front());
      // Each expert's is one of the whole batch, which adds up.
      if (ways_.of(node) == ExpertsWay::Batched) rise(of(inner->outputs.front()));
      backward(*inner);
      // Of the turn before; those of a chain alone add up in place.
      const bool adds = inner->nodes.size() == 1 && ChainedGraph::is_chain(inner->nodes.front());
      if (turns_ > outer_turns && !adds) tensor_gradients(*inner);
      if (gradients_.of(node.inputs.back())) gradient_for(node.inputs.back());
      drop_gradient(inner->inputs.front());
      drop_gradient(inner->outputs.front());
    }
    turns_ = outer_turns;
    live_ -= joined;
    if (node.kind == Node::Kind::Gate && gradients_.of(node.inputs.front()))
      gradient_for(node.inputs.front());
    if (gradients_.of_node(node)) let_go_of_kept(node);
    for (const ValueId output : node.outputs) drop_gradient(output);
    const auto others = others_.find(&node);
    if (others != others_.end()) live_ -= others->second;
  }

  const graph::Graph& graph_;
  const std::set<int>& held_;
  const catalog::Passes passes_;
  const Sizes sizes_;
  const Gradients gradients_;
  const GateWays ways_;
  std::vector<Value> values_;
  std::vector<Shared> shared_;
  std::vector<bool> tensor_seen_;
  std::map<const Node*, double> others_;       // what the other turns of a loop keep
  std::map<const Node*, std::size_t> places_;  // among all_nodes
  std::map<const Node*, int> region_of_node_;
  std::map<int, Region> regions_;
  int region_at_hand_ = kNoRegion;
  double live_ = 0, peak_ = 0, turns_ = 1, parameter_gradients_ = 0;
  StepMemory out_;
};

void collect(const Block& block, std::vector<const Node*>& out) {
  for (const Node& node : block.nodes) {
    out.push_back(&node);
    for (const Block& inner : node.blocks) collect(inner, out);
  }
}

}  // namespace

std::vector<const Node*> all_nodes(const graph::Graph& graph) {
  std::vector<const Node*> out;
  collect(graph.root, out);
  return out;
}

StepMemory step_memory(const graph::Graph& graph, std::int64_t batch_size,
                       const std::vector<LossMemory>& losses, catalog::Passes passes) {
  catalog::Passes one_by_one = passes;
  one_by_one.experts = false;
  StepMemory nodes = Step(graph, batch_size, {}, one_by_one).run(losses), out;
  if (passes.chains) {
    std::vector<ValueId> wanted;
    for (const LossMemory& loss : losses) wanted.push_back(loss.output);
    const ChainedGraph chained(graph, batch_size, wanted, passes);
    out = Step(chained.graph, batch_size, chained.held_gradients, passes).run(losses);
    out.activation_bytes += chained.forward_bytes;
    out.peak_bytes += chained.forward_bytes + chained.other_bytes;
  } else {
    out = Step(graph, batch_size, {}, passes).run(losses);
  }
  out.node_bytes = std::move(nodes.node_bytes);
  return out;
}

}  // namespace fdl::plan
