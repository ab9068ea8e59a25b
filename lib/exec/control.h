#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <tuple>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/graph/graph.h"

// What loops, switches, gates and maps compute beside their blocks. Internal to this folder.
namespace fdl::exec {

// How far a loop has come, for the whole batch or for each sample.
class TurnCount {
 public:
  TurnCount(const graph::Node& loop, const at::Tensor& stream);

  std::int64_t left() const { return loop_.times - done_; }
  std::int64_t done() const { return done_; }
  // Reads the condition, [B] or [B, 1]: whether anything goes on. Averaged over the batch, or, with
  // per_sample, a sample that has stopped stays so.
  bool goes_on(const at::Tensor& number);
  // Ends a turn: what the body made, with stopped samples as they were before it.
  at::Tensor merge(const at::Tensor& before, at::Tensor made);
  // What a turn, before its merge, makes for a trace: zeros for samples that have stopped.
  at::Tensor traced(const at::Tensor& made) const;
  // How many turns each sample has had: i64[B].
  at::Tensor num_turns(const at::Tensor& stream) const;

 private:
  const graph::Node& loop_;
  std::int64_t done_ = 0;
  at::Tensor running_;  // bool[B], with per_sample
  at::Tensor counts_;   // i64[B], likewise, where somebody asks
};

// The values of a loop's turns on a new axis 1, with zeros for those that its condition left out;
// `like_none`: one of them as zeros, where there was none.
at::Tensor stack_turns(std::vector<at::Tensor> made, std::int64_t most,
                       const std::function<at::Tensor()>& like_none);

// Zeros all but the k largest of the last axis, and scales what is left to a sum of 1; and the
// places of these, [..., k].
std::tuple<at::Tensor, at::Tensor> keep_largest(const at::Tensor& weights, std::int64_t k);
// How even the load of [..., E] is: E * sum over experts of (share of positions that favour it) *
// (its mean weight). An f32 scalar.
at::Tensor balance_of(const at::Tensor& weights);
// What expert `index` makes, times its weight of [..., E]; the axes before E are its first ones.
at::Tensor weigh(const at::Tensor& made, const at::Tensor& weights, std::int64_t index);

// The rows that each of `count` branches gets, in their order; empty when a selector, [B] or
// [B, 1], names none of them.
std::optional<std::vector<at::Tensor>> deal_rows(const at::Tensor& selector, std::size_t count);

// [B, .., n, ..] -> [B*n, .., ..], or with slices > 0 -> [B*slices, .., n/slices, ..].
at::Tensor fold_axis(const at::Tensor& x, std::int64_t dim, std::int64_t slices);
// The inverse for what was made of it; `whole` is what was folded.
at::Tensor unfold_axis(const at::Tensor& made, const at::Tensor& whole, std::int64_t dim,
                       std::int64_t slices);

// i64[1, count]: 0, 1, ...
at::Tensor positions(std::int64_t count, at::Device device);

}  // namespace fdl::exec
