#pragma once

#include <array>
#include <string>

#include "lib/catalog/module_spec.h"

// What convolutions and poolings over two axes share: tuples, padding words, output sizes.
namespace fdl::catalog {

using Pair = std::array<std::int64_t, 2>;

// Zeros at each side, "same" (as many as keep the size, stride 1) or "valid" (none).
struct Padding2d {
  Pair sides = {0, 0};
  std::string word;  // "", "same" or "valid"
};

// Rows or columns added before and after along `axis` for a kernel of that size and dilation. For
// an odd total, "same" puts the extra one after, as PyTorch does.
struct AddedSides {
  std::int64_t before = 0;
  std::int64_t after = 0;
};
AddedSides added_sides(const Padding2d& padding, std::size_t axis, std::int64_t kernel,
                       std::int64_t dilation);

// One window walk over an axis of size `in`.
struct Window {
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  AddedSides added;
  bool ceil_mode = false;
};

// floor((in + before + after - dilation * (kernel - 1) - 1) / stride) + 1, or with ceil_mode the
// next larger one whose window still starts inside the input or its left padding.
Dim windows_over(const Dim& in, const Window& window);

// [N, C, H, W] -> [N, channels, H', W'] where W, H follow from the two windows; otherwise a
// sentence.
tl::expected<Shape, std::string> walk_2d(const TensorType& input, const Dim& channels,
                                         const Window& rows, const Window& columns);

}  // namespace fdl::catalog

namespace fdl::config {

template <>
struct ValueTraits<catalog::Padding2d> {
  static std::string type() { return "an integer, a list of 2, 'same' or 'valid'"; }
  static bool read(const Node& node, catalog::Padding2d& out) {
    if (node.is_scalar() && (node.text == "same" || node.text == "valid")) {
      out.word = node.text;
      return true;
    }
    return ValueTraits<catalog::Pair>::read(node, out.sides) && out.sides[0] >= 0 &&
           out.sides[1] >= 0;
  }
  static std::string show(const catalog::Padding2d& value) {
    return value.word.empty() ? ValueTraits<catalog::Pair>::show(value.sides) : value.word;
  }
};

}  // namespace fdl::config
