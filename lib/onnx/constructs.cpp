// Branches, experts, maps and merges.
#include <algorithm>
#include <numeric>

#include "lib/onnx/builder.h"
#include "lib/onnx/call.h"

namespace fdl::onnx {

using catalog::DType;
using graph::Node;

Result<std::string> GraphBuilder::inner(const graph::Block& given, const std::string& stream) {
  names_[given.inputs.front()] = stream;
  FDL_TRY(block(given));
  return names_[given.outputs.front()];
}

// Every branch computes all samples; each sample takes its own branch's.
Result<void> GraphBuilder::choose(const Node& node) {
  const std::string selector = out_.add("Reshape", {names_[node.inputs[0]], out_.integers({-1})});
  const std::string wide =
      out_.add("Cast", {selector}, {{"to", static_cast<std::int64_t>(ElementType::I64)}});
  const std::string stream = names_[node.inputs[1]];
  std::string made;
  for (std::size_t i = node.blocks.size(); i-- > 0;) {
    const Result<std::string> branch = inner(node.blocks[i], stream);
    if (!branch) return fail(branch.error());
    out_.at(node.path);
    if (made.empty()) {
      made = *branch;
      continue;
    }
    const std::string is_it = out_.add("Equal", {wide, out_.integer(static_cast<std::int64_t>(i))});
    made = out_.add("Where", {by_row(is_it, rank_of(node.outputs.front())), *branch, made});
  }
  names_[node.outputs.front()] = made;
  return {};
}

// As exec::keep_largest.
std::string GraphBuilder::keep_largest(const std::string& weights, std::int64_t k) {
  const Names largest = out_.add("TopK", {weights, out_.integers({k})}, 2);
  const std::string zeros = out_.add("Mul", {weights, out_.number(0, DType::F32)});
  const std::string kept =
      out_.add("ScatterElements", {zeros, largest[1], largest[0]}, {{"axis", std::int64_t{-1}}});
  const std::string sum =
      out_.add("ReduceSum", {kept, out_.integers({-1})}, {{"keepdims", std::int64_t{1}}});
  return out_.add("Div", {kept, sum});
}

Result<void> GraphBuilder::gate(const Node& node) {
  const graph::ValueId made_id = node.outputs.front();
  if (type_of(node.inputs[0]).dtype != DType::F32 || type_of(made_id).dtype != DType::F32)
    return refuse(node, "it is exported in f32 only");
  std::string weights = names_[node.inputs[0]];
  if (node.top_k > 0) weights = keep_largest(weights, node.top_k);
  Ints axes(rank_of(made_id) + 1 - rank_of(node.inputs[0]));
  std::iota(axes.begin(), axes.end(), static_cast<std::int64_t>(rank_of(node.inputs[0])) - 1);
  const std::string stream = names_[node.inputs[1]];
  std::string sum;
  for (std::size_t i = 0; i < node.blocks.size(); ++i) {
    const Result<std::string> made = inner(node.blocks[i], stream);
    if (!made) return fail(made.error());
    out_.at(node.path);
    const std::string own =
        out_.add("Gather", {weights, out_.integer(static_cast<std::int64_t>(i))},
                 {{"axis", std::int64_t{-1}}});
    const std::string spread =
        axes.empty() ? own : out_.add("Unsqueeze", {own, out_.integers(axes)});
    const std::string part = out_.add("Mul", {*made, spread});
    sum = sum.empty() ? part : out_.add("Add", {sum, part});
  }
  names_[made_id] = sum;
  return {};
}

// [B, .., n, ..] -> [B n, .., ..]; in slices, [B, .., s, n / s, ..] -> [B s, .., n / s, ..].
Result<void> GraphBuilder::fold(const Node& node) {
  const Call call(graph_, node, {names_[node.inputs[0]]}, out_);
  std::string x = call.input();
  catalog::Shape shape = call.type().shape;
  if (node.times > 0) {
    catalog::Dim& whole = shape[static_cast<std::size_t>(node.dim)];
    whole = floor_div(whole, node.times);
    shape.insert(shape.begin() + node.dim, catalog::Dim(node.times));
    const auto cut = call.reshape(x, shape);
    if (!cut) return refuse(node, cut.error());
    x = *cut;
  }
  Ints perm(shape.size());
  std::iota(perm.begin(), perm.end(), 0);
  std::rotate(perm.begin() + 1, perm.begin() + node.dim, perm.begin() + node.dim + 1);
  const std::string turned = out_.add("Transpose", {x}, {{"perm", perm}});
  const auto made = call.reshape(turned, type_of(node.outputs.front()).shape);
  if (!made) return refuse(node, made.error());
  names_[node.outputs.front()] = *made;
  return {};
}

// The way back; the second input is what was folded.
Result<void> GraphBuilder::unfold(const Node& node) {
  const Call call(graph_, node, {names_[node.inputs[0]], names_[node.inputs[1]]}, out_);
  const catalog::Shape& whole = call.type(1).shape;
  catalog::Shape apart = call.type(0).shape;
  apart.front() =
      node.times > 0 ? catalog::Dim(node.times) : whole[static_cast<std::size_t>(node.dim)];
  apart.insert(apart.begin(), whole.front());
  const auto split = call.reshape(call.input(), apart);
  if (!split) return refuse(node, split.error());
  Ints perm(apart.size());
  std::iota(perm.begin(), perm.end(), 0);
  std::rotate(perm.begin() + 1, perm.begin() + 2, perm.begin() + node.dim + 1);
  const std::string turned = out_.add("Transpose", {*split}, {{"perm", perm}});
  if (node.times == 0) {
    names_[node.outputs.front()] = turned;
    return {};
  }
  const auto made = call.reshape(turned, type_of(node.outputs.front()).shape);
  if (!made) return refuse(node, made.error());
  names_[node.outputs.front()] = *made;
  return {};
}

void GraphBuilder::arange(const Node& node) {
  std::string count = out_.integer(node.times);
  if (!node.inputs.empty()) {
    const std::string shape = out_.add("Shape", {names_[node.inputs.front()]});
    count = out_.add("Gather", {shape, out_.integer(node.dim)});
  }
  const std::string row = out_.add("Range", {out_.integer(0), count, out_.integer(1)});
  names_[node.outputs.front()] = out_.add("Unsqueeze", {row, out_.integers({0})});
}

void GraphBuilder::merge(const Node& node) {
  using graph::MergeKind;
  Names parts;
  for (const graph::ValueId id : node.inputs) parts.push_back(names_[id]);
  std::string made = parts.front();
  if (node.merge == MergeKind::Stack) {
    for (std::string& part : parts) part = out_.add("Unsqueeze", {part, out_.integers({node.dim})});
  }
  if (node.merge == MergeKind::Stack || node.merge == MergeKind::Concat) {
    made = out_.add("Concat", parts, {{"axis", node.dim}});
  } else {
    const bool adds = node.merge == MergeKind::Add || node.merge == MergeKind::Mean;
    const char* const op = adds                           ? "Add"
                           : node.merge == MergeKind::Mul ? "Mul"
                           : node.merge == MergeKind::Max ? "Max"
                                                          : "Min";
    for (std::size_t i = 1; i < parts.size(); ++i) made = out_.add(op, {made, parts[i]});
  }
  if (node.merge == MergeKind::Mean) {
    const DType dtype = type_of(node.outputs.front()).dtype;
    made = out_.add("Div", {made, out_.number(static_cast<double>(parts.size()), dtype)});
  }
  names_[node.outputs.front()] = made;
}

}  // namespace fdl::onnx
