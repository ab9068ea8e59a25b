#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "lib/catalog/passes.h"
#include "lib/graph/graph.h"

// Which neighbouring nodes run as a convolution and a few passes over memory.
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

// What computes them. Gpu takes all. Cpu takes images of f32 with channels last, and of a block
// what stands behind the convolution, which adds its bias itself: a norm and a relu, and between
// them a sum or behind them windows of 2 by 2.
enum class BlockKernels { None, Cpu, Gpu };
BlockKernels block_kernels(const catalog::Passes& passes, bool on_gpu);

// Why a node can be in no block of a GPU; empty where it can.
std::string reason_against_block(const graph::Graph& graph, const graph::Node& node);

// The block that stands at the end of `nodes`, if there is one. `is_needed`: whether a value is
// read after them. Nodes that are recomputed in a region deeper than `depth` are left to it.
std::optional<ConvBlock> conv_block_at_end(const graph::Graph& graph,
                                           std::span<const graph::Node> nodes, std::size_t depth,
                                           const std::function<bool(graph::ValueId)>& is_needed,
                                           BlockKernels kernels);

}  // namespace fdl::plan
