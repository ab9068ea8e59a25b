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
// axes; it knows the words of padding too, and pads an even kernel as PyTorch does: one more
// behind.
template <std::size_t N, typename Conv>
at::Tensor convolution(const catalog::ConvolutionParams<N>& p, const at::Tensor& x, Conv conv) {
  if (p.padding_mode != "zeros")
    return conv(at::pad(x, pad_sides(p), p.padding_mode), catalog::Tuple<N>{});
  if (p.padding.word == catalog::PaddingWord::Same) return conv(x, "same");
  if (p.padding.word == catalog::PaddingWord::Valid) return conv(x, "valid");
  return conv(x, p.padding.sides);
}

}  // namespace fdl::nn
