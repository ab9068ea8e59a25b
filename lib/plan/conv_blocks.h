#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "lib/graph/graph.h"

// Which neighbouring nodes a GPU takes as a convolution and a few passes over memory.
namespace fdl::plan {

// Neighbours in this order, each of which is read by the next alone; null where it is missing.
// There is a convolution or a norm, and more than one of them. Between 16-bit images a norm
// computes in f32: it has a cast before and behind it.
struct ConvBlock {
  const graph::Node *conv = nullptr, *widen = nullptr, *norm = nullptr, *narrow = nullptr,
                    *sum = nullptr, *relu = nullptr, *pool = nullptr;
  graph::ValueId added = graph::kAbsent;  // what `sum` adds
  std::size_t count = 0;                  // of nodes

  const graph::Node& first() const {
    return conv != nullptr ? *conv : widen != nullptr ? *widen : *norm;
  }
};

// Why a node can be in no such block; empty where it can.
std::string reason_against_block(const graph::Graph& graph, const graph::Node& node);

// The block that stands at the end of `nodes`, if there is one. `is_needed`: whether a value is
// read after them. Nodes that are recomputed in a region deeper than `depth` are left to it.
std::optional<ConvBlock> conv_block_at_end(const graph::Graph& graph,
                                           std::span<const graph::Node> nodes, std::size_t depth,
                                           const std::function<bool(graph::ValueId)>& is_needed);

}  // namespace fdl::plan
