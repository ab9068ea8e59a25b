#include "lib/onnx/builder.h"

#include "lib/onnx/call.h"

namespace fdl::onnx {

using graph::Node;

Failure GraphBuilder::refuse(const Node& node, const std::string& why) {
  const std::string kind =
      node.spec != nullptr ? node.spec->name() : std::string(graph::to_string(node.kind));
  return fail(error(Code::CannotExport, node.span, "'{}' cannot be written as ONNX: {}", kind, why)
                  .at_node(node.path)
                  .help("express it by other steps, or export the weights alone: --format "
                        "safetensors"));
}

Result<void> GraphBuilder::block(const graph::Block& block) {
  for (const Node& one : block.nodes) FDL_TRY(node(one));
  return {};
}

Result<void> GraphBuilder::node(const Node& node) {
  out_.at(node.path);
  for (const graph::ValueId id : node.inputs) {
    if (id != graph::kAbsent && names_[id].empty())
      return refuse(node, "what it reads is there in training only");
  }
  switch (node.kind) {
    case Node::Kind::Module:
      return module(node);
    case Node::Kind::Merge:
      merge(node);
      return {};
    case Node::Kind::Loop:
      return loop(node);
    case Node::Kind::Gate:
      return gate(node);
    case Node::Kind::Switch:
      return choose(node);
    case Node::Kind::Fold:
      return fold(node);
    case Node::Kind::Unfold:
      return unfold(node);
    case Node::Kind::Arange:
      arange(node);
      return {};
  }
  return {};
}

Result<void> GraphBuilder::module(const Node& node) {
  if (!node.parametrizations.empty())
    return refuse(node, "its '" + node.parametrizations.front().tensor + "' is parametrized");
  const Lower lower = find_lower(node.spec->name());
  if (lower == nullptr) return refuse(node, "opset 17 has nothing for it");
  Names inputs;
  for (const graph::ValueId id : node.inputs)
    inputs.push_back(id == graph::kAbsent ? "" : names_[id]);
  const Lowered made = lower(Call(graph_, node, std::move(inputs), out_));
  if (!made) return refuse(node, made.error());
  for (std::size_t i = 0; i < node.outputs.size(); ++i) names_[node.outputs[i]] = (*made)[i];
  return {};
}

std::string GraphBuilder::length(const std::string& x, std::int64_t axis) {
  return out_.add("Gather", {out_.add("Shape", {x}), out_.integers({axis})});
}

std::string GraphBuilder::by_row(const std::string& x, std::size_t rank) {
  Ints shape(rank, 1);
  shape.front() = -1;
  return out_.add("Reshape", {x, out_.integers(shape)});
}

}  // namespace fdl::onnx
