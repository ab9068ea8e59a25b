// Soft routing: a router weighs what the experts make.
#include <algorithm>

#include "lib/graph/builder.h"

namespace fdl::graph {
namespace {

constexpr std::int64_t kMostExperts = 10'000;

}  // namespace

// A list of flows, a map of them, or `{copies: n, flow: [..]}`.
NamedFlows Builder::experts_of(const Step& step, const Place& place) {
  const config::Node& given = *step.value.find("experts");
  if (!given.is_map() || !given.has("copies")) return branches_of(step, given);
  Step copies = step;
  copies.kind = "experts";
  copies.value = given;
  std::int64_t times = 0;
  if (!only_keys(copies, {"copies", "flow"}) ||
      !read_times("copies", *given.find("copies"), place, kMostExperts, times))
    return {};
  NamedFlows out;
  const config::Node* flow = given.find("flow");
  for (std::int64_t i = 0; i < times; ++i) out.emplace_back(std::to_string(i), flow);
  return out;
}

bool Builder::gate_fits(const Step& step, ValueId weights, const Node& node) {
  const auto made = [](const Block& expert) { return expert.outputs.front(); };
  const ValueId first = made(node.blocks.front());
  const bool known =
      weights != kUnknown && std::none_of(node.blocks.begin(), node.blocks.end(),
                                          [&](const Block& e) { return made(e) == kUnknown; });
  if (!known) return false;
  for (const Block& expert : node.blocks) {
    if (type_of(made(expert)) == type_of(first)) continue;
    problems_.add(unequal(step, {first, step.span}, {made(expert), step.span}));
    return false;
  }
  const catalog::Shape &router = type_of(weights).shape, &out = type_of(first).shape;
  const auto num_experts = static_cast<std::int64_t>(node.blocks.size());
  bool fits = catalog::is_floating(type_of(weights).dtype) && router.size() >= 2 &&
              router.size() <= out.size() + 1 && router.back() == catalog::Dim(num_experts);
  for (std::size_t i = 0; fits && i + 1 < router.size(); ++i)
    fits = router[i] == out[i] || router[i] == catalog::Dim(1);
  if (!fits) {
    problems_.add(with_origin(
        error(Code::ShapeMismatch, step.span,
              "the router gives {}, which cannot weigh {} experts of {}",
              to_string(type_of(weights)), num_experts, to_string(type_of(first)))
            .help("its last axis is one weight per expert, the axes before it are the first ones "
                  "of what the experts give"),
        weights));
    return false;
  }
  if (node.top_k >= 0 && node.top_k <= num_experts) return true;
  problems_.add(error(Code::OutOfRange, step.span,
                      "'top_k' must be between 1 and the {} experts, not {}", num_experts,
                      node.top_k));
  return false;
}

ValueId Builder::run_gate(const Step& step, ValueId stream, const Place& place) {
  Node node;
  node.kind = Node::Kind::Gate;
  node.span = step.span;
  double balance_loss = 0;
  if (!only_keys(step, {"router", "experts"}, {"top_k", "balance_loss"}) ||
      !read_option(step, "top_k", place, node.top_k) ||
      !read_option(step, "balance_loss", place, balance_loss))
    return kUnknown;
  const auto flows = experts_of(step, place);
  if (flows.empty()) return kUnknown;
  Place inside = place;
  inside.path = scope_of(step, place);
  const ValueId weights = run_flow(*step.value.find("router"), stream, inside);
  node.path = place.path->join(place.path->next("gate"));
  if (!claim(node.path, step.span)) return kUnknown;
  for (const auto& [key, flow] : flows) {
    if (!may_go_on(flow->span)) return kUnknown;  // also where the flows are empty
    TagScope tags(place.tags);
    Place expert = place;
    expert.tags = &tags;
    expert.path = std::make_shared<PathScope>(
        place.path->join(step.name.empty() ? key : step.name + "." + key));
    node.blocks.push_back(run_block(*flow, stream, expert, node.path, flow->span));
  }
  if (stream == kUnknown || !gate_fits(step, weights, node)) return kUnknown;
  node.inputs = {weights, stream};
  const catalog::TensorType type = type_of(node.blocks.front().outputs.front());
  node.outputs = {add_value(type, node.path, step.span)};
  if (balance_loss != 0) {
    node.outputs.push_back(add_value({catalog::DType::F32, {}}, node.path, step.span));
    graph_.partial_losses.push_back({node.outputs.back(), balance_loss});
  }
  return add_node(place, std::move(node)).outputs.front();
}

}  // namespace fdl::graph
