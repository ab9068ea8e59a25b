#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "lib/graph/graph.h"

// Which neighbouring nodes one fused step computes, over rows of numbers, and where in memory.
namespace fdl::plan {

// What the parts of a chain compute. All but Product take each row by itself.
enum class Kernel { Product, Bias, Relu, Gelu, Tanh, Sigmoid, Silu, Dropout, LayerNorm, Add };

// "product".
std::string_view to_string(Kernel kernel);

// Neighbours in a block as one fused step: a list of parts, each after those that it reads. Every
// value is f32 of [rows, its own width], with the same rows.
struct Chain {
  struct Part {
    const graph::Node* node = nullptr;  // a linear is a product, and a bias where it has one
    Kernel kernel = Kernel::Product;
    std::vector<int> inputs;  // parts; of what comes from outside -1 - its place in `reads`
    std::int64_t width = 0;   // of its output
  };
  std::vector<Part> parts;
  std::vector<graph::ValueId> reads;  // each once
  std::vector<std::int64_t> read_widths;
  std::vector<graph::ValueId> makes;  // what is read after it
  std::vector<int> makers;            // the part of each
};

// Why a node can be in no chain; empty where it can.
std::string reason_against(const graph::Graph& graph, const graph::Node& node);

// How many nodes at the end of `nodes` make a chain; 0 where the last is in none. Those that are
// recomputed in a region deeper than `depth` are left to it.
std::size_t chain_at_end(const graph::Graph& graph, std::span<const graph::Node> nodes,
                         std::size_t depth);

// The chain of such nodes, without those that nobody needs. `is_needed`: whether a value is read
// after them.
Chain make_chain(const graph::Graph& graph, std::span<const graph::Node> nodes,
                 const std::function<bool(graph::ValueId)>& is_needed);

// Where the numbers of a chain lie, in floats, and how its gradients add up.
struct ChainLayout {
  std::vector<std::int64_t> value_at;  // the output of each part; of makes[k] -1 - k
  std::vector<std::int64_t> kept_at;   // what a part keeps beside values; -1 of none
  std::int64_t num_forward = 0;        // floats of these, from forward to backward

  // The gradient of the output of each part; -1 - k where it is that of makes[k], unchanged.
  std::vector<std::int64_t> gradient_at;
  // Of each input of each part: whether its gradient adds to what is there already.
  std::vector<std::vector<bool>> adds;
  std::vector<bool> begins_with_make;  // the gradient of a make that parts add to
  std::int64_t num_backward = 0;       // floats of these
};

// Memory of so many floats is kept from one pass over a chain to the next; more is taken anew.
inline constexpr std::int64_t kMostKeptFloats = 1 << 20;

// For so many rows. `trains`: a backward pass follows. Numbers whose times do not meet share
// memory.
ChainLayout lay_out(const Chain& chain, std::int64_t num_rows, bool trains);

// The parts that run row by row together: [first, last) of each run of them, and of each product.
std::vector<std::pair<int, int>> groups_of(const Chain& chain);

}  // namespace fdl::plan
