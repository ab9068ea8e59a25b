// Loops and switches: nodes with blocks of their own.
#include <algorithm>

#include "lib/graph/builder.h"

namespace fdl::graph {
namespace {

constexpr std::int64_t kMostTurns = 1'000'000'000;
constexpr std::int64_t kMostTraced = 100'000;

// One number for each sample: [B], or [B, 1].
bool is_one_number(const catalog::TensorType& type) {
  return !type.shape.empty() && type.shape.size() <= 2 &&
         (type.shape.size() == 1 || type.shape[1] == catalog::Dim(1));
}

}  // namespace

Block Builder::run_block(const config::Node& flow, ValueId stream, const Place& place,
                         const std::string& path, const Span& span) {
  Block block;
  ValueId entry = kUnknown;
  if (stream != kUnknown) {
    // A copy: adding a value may move the table that type_of refers to.
    const catalog::TensorType type = type_of(stream);
    entry = add_value(type, path, span);
  }
  Place inside = place;
  inside.block = &block;
  inside.recompute.clear();
  block.inputs = {entry};
  block.outputs = {run_flow(flow, entry, inside, /*own_scope=*/false)};
  return block;
}

bool Builder::same_flow_type(const Step& step, ValueId wanted, ValueId made,
                             const std::string& path) {
  if (wanted == kUnknown || made == kUnknown) return false;
  if (type_of(made) == type_of(wanted)) return true;
  problems_.add(
      with_origin(error(Code::LoopShape, step.span, "the body of this loop makes {} of {}",
                        to_string(type_of(made)), to_string(type_of(wanted)))
                      .at_node(path)
                      .help("what leaves the body enters it again, so both must be equal"),
                  made));
  return false;
}

// `times`, or `while` or `until` with `max`.
bool Builder::read_loop(const Step& step, const Place& place, Node& node) {
  const bool has_while = step.value.has("while"), has_until = step.value.has("until");
  if (!has_while && !has_until)
    return only_keys(step, {"times", "body"}, {"trace"}) &&
           read_times("times", *step.value.find("times"), place,
                      step.value.has("trace") ? kMostTraced : kMostTurns, node.times);
  if (has_while && has_until) {
    problems_.add(error(Code::BadStep, step.span, "one loop has both 'while' and 'until'")
                      .help("keep one of them"));
    return false;
  }
  const std::string word = has_while ? "while" : "until";
  node.condition = has_while ? Node::Condition::While : Node::Condition::Until;
  return only_keys(step, {word, "max", "body"}, {"per_sample", "trace"}) &&
         read_times("max", *step.value.find("max"), place,
                    step.value.has("trace") ? kMostTraced : kMostTurns, node.times) &&
         read_option(step, "per_sample", place, node.per_sample);
}

bool Builder::add_condition(const Step& step, ValueId stream, const Place& place, Node& node) {
  const bool is_while = node.condition == Node::Condition::While;
  const config::Node& flow = *step.value.find(is_while ? "while" : "until");
  TagScope tags(place.tags);
  Place inside = place;
  inside.tags = &tags;
  node.blocks.push_back(run_block(flow, stream, inside, node.path, flow.span));
  const ValueId number = node.blocks.back().outputs.front();
  if (number == kUnknown) return false;
  if (is_one_number(type_of(number)) && catalog::is_floating(type_of(number).dtype)) return true;
  problems_.add(with_origin(
      error(Code::ShapeMismatch, flow.span, "a condition is one number per sample, not {}",
            to_string(type_of(number)))
          .at_node(node.path)
          .help("end it with `linear: 1`, or with a mean over the other axes; above 0 means true"),
      number));
  return false;
}

Produced Builder::run_loop(const Step& step, ValueId stream, const Place& place) {
  Node node;
  node.kind = Node::Kind::Loop;
  node.span = step.span;
  if (!read_loop(step, place, node)) return kUnknown;
  node.path = place.path->join(step.name.empty() ? place.path->next("loop") : step.name);
  if (!claim(node.path, step.span)) return kUnknown;
  TagScope tags(place.tags);
  Place inside = place;
  inside.path = scope_of(step, place);
  Place body = inside;
  body.tags = &tags;
  node.blocks.push_back(run_block(*step.value.find("body"), stream, body, node.path, step.span));
  const ValueId out = node.blocks.front().outputs.front();
  const bool fits = same_flow_type(step, stream, out, node.path);
  const bool has_condition =
      node.condition == Node::Condition::None || add_condition(step, stream, inside, node);
  const std::vector<Trace> traces = read_traces(step, tags, out, place);
  if (!fits || !has_condition) return kUnknown;
  node.inputs = {stream};
  const catalog::TensorType type = type_of(out);
  node.outputs = {add_value(type, node.path, step.span)};
  return add_traces(step, traces, place, std::move(node));
}

NamedFlows Builder::branches_of(const Step& step, const config::Node& list) {
  NamedFlows out;
  for (std::size_t i = 0; i < list.items.size(); ++i)
    out.emplace_back(std::to_string(i), &list.items[i]);
  for (const config::Entry& entry : list.entries) out.emplace_back(entry.key, &entry.value);
  if (out.size() >= 2) return out;
  problems_.add(error(Code::BadStep, step.span, "'{}' needs at least two branches", step.kind)
                    .help("give a list of flows, or a map of names to flows"));
  return {};
}

// How many branches a selector may name, where that is known: the size of the axis that `argmax` or
// `argmin` looks along, or one more than a fixed one.
static std::optional<std::int64_t> named_branches(const Graph& graph, const Node& node) {
  if (node.spec == nullptr) return std::nullopt;
  const std::string& kind = node.spec->name();
  const auto parameter = [&](std::string_view name) {
    return node.spec->record.find(name)->integers(node.params.get()).front();
  };
  if (kind == "fixed_selector") return parameter("index") + 1;
  if (kind != "argmax" && kind != "argmin") return std::nullopt;
  const catalog::Shape& shape =
      graph.values[static_cast<std::size_t>(node.inputs.front())].type.shape;
  const std::int64_t dim = parameter("dim"), num_axes = static_cast<std::int64_t>(shape.size());
  const catalog::Dim& axis = shape[static_cast<std::size_t>(dim < 0 ? dim + num_axes : dim)];
  return axis.is_number() ? std::optional(axis.number()) : std::nullopt;
}

bool Builder::branches_suffice(ValueId selector, const Span& span, std::size_t num_branches,
                               const Block& block) {
  for (const Node& node : block.nodes) {
    if (node.outputs.front() != selector) continue;
    const auto named = named_branches(graph_, node);
    if (!named || *named <= static_cast<std::int64_t>(num_branches)) return true;
    problems_.add(error(Code::ShapeMismatch, span,
                        "this selector may name branch {}, but there are {}, counted from 0",
                        *named - 1, num_branches)
                      .at_node(node.path));
    return false;
  }
  return true;
}

ValueId Builder::run_switch(const Step& step, ValueId stream, const Place& place) {
  if (!only_keys(step, {"selector", "branches"})) return kUnknown;
  const auto branches = branches_of(step, *step.value.find("branches"));
  if (branches.empty()) return kUnknown;
  Node node;
  node.kind = Node::Kind::Switch;
  node.span = step.span;
  node.path = place.path->join(step.name.empty() ? place.path->next("switch") : step.name);
  if (!claim(node.path, step.span)) return kUnknown;
  Place inside = place;
  inside.path = scope_of(step, place);
  const config::Node& selector_flow = *step.value.find("selector");
  const ValueId selector = run_flow(selector_flow, stream, inside);
  std::vector<Branch> made;
  for (const auto& [key, flow] : branches) {
    if (!may_go_on(flow->span)) return kUnknown;  // also where the flows are empty
    TagScope tags(place.tags);
    Place branch = inside;
    branch.tags = &tags;
    branch.path = std::make_shared<PathScope>(
        place.path->join(step.name.empty() ? key : step.name + "." + key));
    node.blocks.push_back(run_block(*flow, stream, branch, node.path, flow->span));
    made.push_back({node.blocks.back().outputs.front(), flow->span});
  }
  const bool known =
      std::none_of(made.begin(), made.end(), [](const Branch& b) { return b.value == kUnknown; });
  if (selector == kUnknown || stream == kUnknown || !known) return kUnknown;
  if (!is_one_number(type_of(selector)) || !catalog::is_integer(type_of(selector).dtype)) {
    problems_.add(with_origin(
        error(Code::ShapeMismatch, selector_flow.span,
              "a selector is one integer per sample, not {}", to_string(type_of(selector)))
            .at_node(node.path)
            .help("end it with `argmax: {{ dim: 1 }}`"),
        selector));
    return kUnknown;
  }
  if (!branches_suffice(selector, selector_flow.span, branches.size(), *inside.block))
    return kUnknown;
  for (const Branch& branch : made) {
    if (type_of(branch.value) == type_of(made.front().value)) continue;
    problems_.add(unequal(step, made.front(), branch));
    return kUnknown;
  }
  node.inputs = {selector, stream};
  const catalog::TensorType type = type_of(made.front().value);
  node.outputs = {add_value(type, node.path, step.span)};
  return add_node(place, std::move(node)).outputs.front();
}

}  // namespace fdl::graph
