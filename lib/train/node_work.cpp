#include "lib/train/node_work.h"

#include <algorithm>
#include <utility>

#include "lib/plan/expert_ways.h"
#include "lib/plan/plan.h"

namespace fdl::train {
namespace {

using graph::Node;

class Walk {
 public:
  Walk(const graph::Graph& graph, const job::Job& job, std::int64_t batch_size)
      : plan_(plan::make_plan(graph, {batch_size, 0, {}, job.training.passes})),
        ways_(graph, job.training.passes.experts) {
    for (const Node& node : graph.root.nodes) visit(node, 1);
  }

  std::map<std::string, NodeWork> take() { return std::move(out_); }

 private:
  // Of all turns of a batch. Comes to nodes in the plan's order.
  NodeWork visit(const Node& node, double share) {
    const plan::NodeCost& cost = plan_.nodes[next_++];
    const auto sum = [&](std::int64_t forward, std::int64_t backward) {
      return share * (static_cast<double>(forward) + static_cast<double>(backward));
    };
    NodeWork all = {sum(cost.forward_flops, cost.backward_flops),
                    sum(cost.forward_bytes, cost.backward_bytes)};
    // The plan has counted a switch's share.
    const bool deals = node.kind == Node::Kind::Gate;
    const double inner_share = deals ? share * ways_.share_of_block(node) : share;
    for (const graph::Block& block : node.blocks) {
      for (const Node& inner : block.nodes) {
        const NodeWork one = visit(inner, inner_share);
        all.flops += one.flops;
        all.moved_bytes += one.moved_bytes;
      }
    }
    const auto num_turns = static_cast<double>(std::max<std::int64_t>(1, cost.num_turns));
    out_[node.path] = {all.flops / num_turns, all.moved_bytes / num_turns};
    return all;
  }

  const plan::Plan plan_;
  const plan::GateWays ways_;
  std::size_t next_ = 0;
  std::map<std::string, NodeWork> out_;
};

}  // namespace

std::map<std::string, NodeWork> work_of_nodes(const graph::Graph& graph, const job::Job& job,
                                              std::int64_t batch_size) {
  graph::Graph sized = graph;
  for (const auto& [axis, size] : job.axis_sizes) sized.assumed_sizes.emplace(axis, size);
  return Walk(sized, job, batch_size).take();
}

}  // namespace fdl::train
