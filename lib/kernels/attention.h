#pragma once

#include <cstdint>

#include "lib/kernels/mask_draw.h"

// One head's attention in f32, of one sample: the scores of a few queries at a time, which are
// never all there. Axis letters: T queries, S keys, W width of a query and a key, V of a value.
//   source   Vaswani et al. 2017, arXiv:1706.03762, equation 1; the backward pass as in Dao et al.
//            2022, arXiv:2205.14135, algorithm 4: the weights again, from the sum of each row.
namespace fdl::kernels {

// Rows whose numbers lie side by side, `stride` apart.
template <typename Number>
struct RowsOf {
  Number* data = nullptr;
  std::int64_t stride = 0;

  Number* row(std::int64_t i) const { return data + i * stride; }
};
using ConstRows = RowsOf<const float>;
using Rows = RowsOf<float>;

struct AttentionHead {
  std::int64_t T = 0, S = 0, W = 0, V = 0;
  bool is_causal = false;  // query t sees keys 0 to t
  float scale = 1;         // of the scores
  ConstRows query, key, value;
  ConstRows bias = {};     // [T, S], added to the scores; null for none
  MaskDraw drop = {};      // of the weights
  std::int64_t first = 0;  // the place of the head's first weight in the lane
};

// A weight is e^(score - max) share.
struct SoftmaxRow {
  float max, share;
};

struct AttentionFunctions {
  // Numbers of `scratch` that the two others need.
  std::int64_t (*scratch)(const AttentionHead& head);
  // Of queries `begin` to `end`: out [T, V], and what makes its weights of each one's scores. The
  // row of a query that sees nothing is zero.
  void (*attend)(const AttentionHead& head, std::int64_t begin, std::int64_t end, Rows out,
                 SoftmaxRow* rows, float* scratch);
  struct Gradients {
    Rows query, key, value;
    bool adds;  // to those of key and value: another head has the same ones
  };
  // From the gradient of `out`, which attend made with `rows`.
  void (*attend_gradient)(const AttentionHead& head, ConstRows gradient, ConstRows out,
                          const SoftmaxRow* rows, const Gradients& to, float* scratch);
};

}  // namespace fdl::kernels
