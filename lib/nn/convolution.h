#pragma once

#include <ATen/ops/pad.h>

#include "lib/catalog/convolution.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

// The sides of padding in the order of at::pad: of the last axis first.
template <std::size_t N>
std::vector<std::int64_t> pad_sides(const catalog::ConvolutionParams<N>& p) {
  std::vector<std::int64_t> out;
  for (std::size_t i = N; i-- > 0;) {
    const catalog::AddedSides added = catalog::sides_of(p, i);
    out.insert(out.end(), {added.before, added.after});
  }
  return out;
}

// x [N, C, axes] -> [N, out_channels, axes]. `conv(x, padding)` is libtorch's for the number of
// axes; it knows "same" too, which pads an even kernel as PyTorch does: one more behind.
template <std::size_t N, typename Conv>
at::Tensor convolution(const catalog::ConvolutionParams<N>& p, const at::Tensor& x, Conv conv) {
  if (p.padding_mode != "zeros")
    return conv(at::pad(x, pad_sides(p), p.padding_mode), catalog::Tuple<N>{});
  catalog::Tuple<N> sides;
  for (std::size_t i = 0; i < N; ++i) {
    const catalog::AddedSides added = catalog::sides_of(p, i);
    if (added.before != added.after) return conv(x, "same");
    sides[i] = added.before;
  }
  return conv(x, sides);
}

}  // namespace fdl::nn
