#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/onnx/emitter.h"

namespace fdl::onnx {

// Takes the nodes of a graph into an Emitter, in order. Internal to this folder.
class GraphBuilder {
 public:
  GraphBuilder(const graph::Graph& graph, Emitter& emitter) : graph_(graph), out_(emitter) {}

  Result<void> block(const graph::Block& block);
  // What stands for the value.
  std::string& operator[](graph::ValueId id) { return names_[id]; }

 private:
  using Names = std::vector<std::string>;
  using Ints = std::vector<std::int64_t>;

  Result<void> node(const graph::Node& node);
  Result<void> module(const graph::Node& node);
  // loops.cpp
  Result<void> loop(const graph::Node& node);
  Result<std::string> holds(const graph::Node& node, const std::string& stream);
  std::string any(const std::string& truths);
  Result<Subgraph> turn(const graph::Node& node, const std::vector<ElementType>& carried);
  std::string trace(const graph::Node& node, std::size_t i, const std::string& scanned);

  // constructs.cpp
  Result<std::string> inner(const graph::Block& block, const std::string& stream);
  Result<void> choose(const graph::Node& node);
  Result<void> gate(const graph::Node& node);
  std::string keep_largest(const std::string& weights, std::int64_t k);
  Result<void> fold(const graph::Node& node);
  Result<void> unfold(const graph::Node& node);
  void arange(const graph::Node& node);
  void merge(const graph::Node& node);

  static Failure refuse(const graph::Node& node, const std::string& why);
  const catalog::TensorType& type_of(graph::ValueId id) const {
    return graph_.values[static_cast<std::size_t>(id)].type;
  }
  std::size_t rank_of(graph::ValueId id) const { return type_of(id).shape.size(); }
  // The length of an axis of a value, i64[1].
  std::string length(const std::string& x, std::int64_t axis);
  // One truth or number for each row, with as many axes as a value of that rank.
  std::string by_row(const std::string& x, std::size_t rank);

  const graph::Graph& graph_;
  Emitter& out_;
  std::map<graph::ValueId, std::string> names_;
};

}  // namespace fdl::onnx
