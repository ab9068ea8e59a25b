// Loops, as ONNX's own. What goes from turn to turn: the stream; with `per_sample` one truth for
// each sample, whether it goes on; and how many turns each has had, where that is asked for.
#include <algorithm>
#include <numeric>

#include "lib/onnx/builder.h"

namespace fdl::onnx {

using catalog::DType;
using graph::Node;

namespace {

bool is_conditional(const Node& node) { return node.condition != Node::Condition::None; }

Attribute to(ElementType type) { return {"to", static_cast<std::int64_t>(type)}; }

Port port(const std::string& name, ElementType type) { return {name, type, std::nullopt}; }

}  // namespace

std::string GraphBuilder::any(const std::string& truths) {
  const std::string numbers = out_.add("Cast", {truths}, {to(ElementType::I32)});
  const std::string most = out_.add("ReduceMax", {numbers}, {{"keepdims", std::int64_t{0}}});
  return out_.add("Cast", {most}, {to(ElementType::Bool)});
}

// Whether the batch's loop goes on, or with per_sample which of its samples do.
Result<std::string> GraphBuilder::holds(const Node& node, const std::string& stream) {
  const Result<std::string> number = inner(node.blocks[1], stream);
  if (!number) return fail(number.error());
  out_.at(node.path);
  const DType dtype = type_of(node.blocks[1].outputs.front()).dtype;
  std::string numbers = out_.add("Reshape", {*number, out_.integers({-1})});
  if (!node.per_sample)
    numbers = out_.add("ReduceMean", {numbers}, {{"keepdims", std::int64_t{0}}});
  const std::string above = out_.add("Greater", {numbers, out_.number(0, dtype)});
  return node.condition == Node::Condition::While ? above : out_.add("Not", {above});
}

// One turn as a subgraph; `carried` are the types of what goes from turn to turn.
Result<Subgraph> GraphBuilder::turn(const Node& node, const std::vector<ElementType>& carried) {
  out_.begin();
  Names in = {out_.fresh("turn"), out_.fresh("condition")};
  using Axes = std::vector<std::string>;
  std::vector<Port> inputs = {{in[0], ElementType::I64, Axes{}},
                              {in[1], ElementType::Bool, Axes{}}};
  for (const ElementType type : carried) {
    in.push_back(out_.fresh("carried"));
    inputs.push_back(port(in.back(), type));
  }
  const std::string before = in[2], running = node.per_sample ? in[3] : "";
  const Result<std::string> made = inner(node.blocks[0], before);
  if (!made) return fail(made.error());
  out_.at(node.path);
  const auto where_running = [&](const std::string& x, graph::ValueId id,
                                 const std::string& other) {
    return running.empty() ? x : out_.add("Where", {by_row(running, rank_of(id)), x, other});
  };
  const graph::Block& body = node.blocks[0];
  const std::string after = where_running(*made, body.outputs[0], before);
  Names out = {in[1], after}, scans;
  for (std::size_t i = 1; i < body.outputs.size(); ++i) {
    const DType dtype = type_of(body.outputs[i]).dtype;
    const std::string none = out_.number(0, dtype);
    scans.push_back(where_running(names_[body.outputs[i]], body.outputs[i], none));
  }
  if (is_conditional(node)) {
    const Result<std::string> more = holds(node, after);
    if (!more) return fail(more.error());
    out[0] = *more;
  }
  if (!running.empty()) {
    out.push_back(out_.add("And", {running, out[0]}));
    out[0] = any(out.back());
  }
  if (node.counts_turns) {
    const std::string more =
        running.empty() ? out_.integer(1) : out_.add("Cast", {running}, {to(ElementType::I64)});
    out.push_back(out_.add("Add", {in.back(), more}));
  }
  std::vector<Port> outputs;
  for (std::size_t i = 0; i < out.size(); ++i)  // none may be an input or from outside
    outputs.push_back(port(out_.add("Identity", {out[i]}), inputs[i + 1].type));
  for (std::size_t i = 0; i < scans.size(); ++i)
    outputs.push_back(
        port(out_.add("Identity", {scans[i]}), element_type(type_of(body.outputs[i + 1]).dtype)));
  Subgraph graph = out_.end();
  graph.name = out_.fresh("body");
  graph.inputs = std::move(inputs);
  graph.outputs = std::move(outputs);
  return graph;
}

// [turns, B, ..] -> [B, most, ..], zeros behind.
std::string GraphBuilder::trace(const Node& node, std::size_t i, const std::string& scanned) {
  const std::size_t rank = rank_of(node.outputs[i]);
  std::string all = scanned;
  if (is_conditional(node)) {
    const std::string missing = out_.add("Sub", {out_.integers({node.times}), length(all, 0)});
    const std::string pads = out_.add(
        "Concat", {out_.integers(Ints(rank, 0)), missing, out_.integers(Ints(rank - 1, 0))},
        {{"axis", std::int64_t{0}}});
    all = out_.add("Pad", {all, pads}, {{"mode", std::string("constant")}});
  }
  Ints perm(rank);
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[0], perm[1]);
  return out_.add("Transpose", {all}, {{"perm", perm}});
}

Result<void> GraphBuilder::loop(const Node& node) {
  const bool is_while = node.condition == Node::Condition::While;
  if (is_while && node.outputs.size() > 1)
    return refuse(node, "a trace has no shape where its `while` has no turn");
  const std::string stream = names_[node.inputs.front()];
  const DType dtype = type_of(node.outputs.front()).dtype;
  std::vector<ElementType> types = {element_type(dtype)};
  Names inputs = {out_.integer(node.times), "", stream};
  const std::string rows = length(stream, 0);
  if (is_while) {
    const Result<std::string> more = holds(node, stream);
    if (!more) return fail(more.error());
    inputs[1] = *more;
  }
  if (node.per_sample) {
    types.push_back(ElementType::Bool);
    const std::string one = out_.add("Cast", {out_.integer(1)}, {to(ElementType::Bool)});
    inputs.push_back(is_while ? inputs[1] : out_.add("Expand", {one, rows}));
    if (is_while) inputs[1] = any(inputs[1]);
  }
  if (node.counts_turns) {
    types.push_back(ElementType::I64);
    inputs.push_back(out_.add("Expand", {out_.integer(0), rows}));
  }
  Result<Subgraph> body = turn(node, types);
  if (!body) return fail(body.error());
  const std::size_t num_traces = node.blocks.front().outputs.size() - 1;
  const Names made = out_.add("Loop", inputs, types.size() + num_traces,
                              {{"body", std::make_shared<Subgraph>(*std::move(body))}});
  names_[node.outputs.front()] = made.front();
  for (std::size_t i = 1; i <= num_traces; ++i)
    names_[node.outputs[i]] = trace(node, i, made[types.size() + i - 1]);
  if (node.counts_turns) names_[node.outputs.back()] = made[types.size() - 1];
  return {};
}

}  // namespace fdl::onnx
