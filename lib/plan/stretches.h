#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "lib/graph/graph.h"
#include "lib/plan/conv_blocks.h"

// Which neighbouring nodes of a block run as one step.
namespace fdl::plan {

// Nodes of a list that run as one step, or one by itself.
struct Stretch {
  enum class Way { Single, Chain, ConvBlock };
  std::size_t first = 0, count = 1;
  Way way = Way::Single;
  std::optional<ConvBlock> block = {};  // that it is
};

// What a device runs as one: chains on a CPU, and blocks where it has kernels for them.
// `is_needed`: whether somebody else than the node behind reads a value.
class Fusion {
 public:
  using IsNeeded = std::function<bool(graph::ValueId)>;
  Fusion(const graph::Graph& graph, const catalog::Passes& passes, bool on_gpu)
      : graph_(graph), chains_(passes.chains && !on_gpu), kernels_(block_kernels(passes, on_gpu)) {}

  // The stretch at the end of `nodes`. Nodes that are recomputed in a region deeper than `depth`
  // are left to it.
  Stretch last_stretch(std::span<const graph::Node> nodes, std::size_t depth,
                       const IsNeeded& is_needed) const;
  // All of a block's nodes, in order.
  std::vector<Stretch> stretches(std::span<const graph::Node> nodes,
                                 const IsNeeded& is_needed) const;

 private:
  const graph::Graph& graph_;
  bool chains_;
  BlockKernels kernels_;
};

}  // namespace fdl::plan
