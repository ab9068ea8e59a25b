#include "lib/plan/stretches.h"

#include <algorithm>

#include "lib/plan/chains.h"

namespace fdl::plan {
namespace {

using graph::Node;

// Those at the end that stand in the same regions of recomputation as the last.
std::span<const Node> same_region_at_end(std::span<const Node> nodes) {
  std::size_t count = 0;
  while (count < nodes.size() &&
         nodes[nodes.size() - count - 1].recompute == nodes.back().recompute)
    ++count;
  return nodes.last(count);
}

}  // namespace

Stretch Fusion::last_stretch(std::span<const Node> nodes, std::size_t depth,
                             const IsNeeded& is_needed) const {
  const auto made = [&](std::size_t count, Stretch::Way way) {
    return Stretch{nodes.size() - count, count, way};
  };
  // First, as a chain could take the sum and the relu of images.
  if (const auto block = conv_block_at_end(graph_, nodes, depth, is_needed, kernels_)) {
    Stretch out = made(block->count, Stretch::Way::ConvBlock);
    out.block = block;
    return out;
  }
  const std::size_t count = chains_ ? chain_at_end(graph_, nodes, depth) : 0;
  return count > 0 ? made(count, Stretch::Way::Chain) : made(1, Stretch::Way::Single);
}

std::vector<Stretch> Fusion::stretches(std::span<const Node> nodes,
                                       const IsNeeded& is_needed) const {
  std::vector<Stretch> out;
  while (!nodes.empty()) {
    const std::span<const Node> region = same_region_at_end(nodes);
    Stretch last = last_stretch(region, region.back().recompute.size(), is_needed);
    last.first += nodes.size() - region.size();
    nodes = nodes.first(last.first);
    out.push_back(last);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace fdl::plan
