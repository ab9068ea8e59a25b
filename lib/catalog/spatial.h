#pragma once

#include <array>
#include <span>
#include <string>

#include "lib/catalog/axes.h"

// What convolutions, poolings and their kin over the last N axes of [N, C, ...] share: tuples,
// padding words, output sizes, and the words of their documentation.
namespace fdl::catalog {

// A number for each of the N axes.
template <std::size_t N>
using Tuple = std::array<std::int64_t, N>;

template <std::size_t N>
constexpr Tuple<N> filled(std::int64_t value) {
  Tuple<N> out{};
  out.fill(value);
  return out;
}

template <std::size_t N>
std::int64_t product(const Tuple<N>& tuple) {
  std::int64_t out = 1;
  for (const std::int64_t n : tuple) out *= n;
  return out;
}

// "same": as many as keep the size, stride 1; "valid": none.
enum class PaddingWord { None, Same, Valid };

// As many at each side as `sides` says, where there is no word.
template <std::size_t N>
struct Padding {
  Tuple<N> sides = {};
  PaddingWord word = PaddingWord::None;
};

// Places added before and after along an axis.
struct AddedSides {
  std::int64_t before = 0;
  std::int64_t after = 0;
};
// For a kernel of that size and dilation; `sides` where there is no word. For an odd total, Same
// puts the extra one after, as PyTorch does.
AddedSides added_sides(PaddingWord word, std::int64_t sides, std::int64_t kernel,
                       std::int64_t dilation);

// One window walk over an axis.
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

// [N, C, axes] -> [N, channels, a size from each window]; otherwise a sentence.
tl::expected<Shape, std::string> walk(const TensorType& input, const Dim& channels,
                                      std::span<const Window> windows);

// Empty when the input has a batch axis, channels and that many axes more, else why not.
std::optional<std::string> needs_axes(const TensorType& input, std::size_t num_axes,
                                      std::string_view channels);

std::string extent_words(std::size_t num_axes);     // "Rows and columns"
std::string last_axes_words(std::size_t num_axes);  // "the last two axes"
// "[N, C, H, W]".
std::string image_text(std::size_t num_axes, std::string_view channels);
// "[N, C, H, W] -> [N, out, RULE, likewise W]"; in `rule`, {} stands for the axis's letter.
std::string walk_text(std::size_t num_axes, std::string_view channels, std::string_view out,
                      const std::string& rule);

}  // namespace fdl::catalog

namespace fdl::config {

template <std::size_t N>
struct ValueTraits<catalog::Padding<N>> {
  using Sides = ValueTraits<catalog::Tuple<N>>;
  static std::string type() { return Sides::type() + ", 'same' or 'valid'"; }
  static Form form() {
    Form side{Form::Kind::Integer}, word{Form::Kind::Text};
    side.low = 0;
    word.words = {"same", "valid"};
    return Form::one_of({Form::one_or_list(side, N, N), word});
  }
  static bool read(const Node& node, catalog::Padding<N>& out) {
    const bool is_same = node.is_scalar() && node.text == "same";
    if (is_same || (node.is_scalar() && node.text == "valid")) {
      out.word = is_same ? catalog::PaddingWord::Same : catalog::PaddingWord::Valid;
      return true;
    }
    if (!Sides::read(node, out.sides)) return false;
    for (const std::int64_t side : out.sides) {
      if (side < 0) return false;
    }
    return true;
  }
  static std::string show(const catalog::Padding<N>& value) {
    if (value.word == catalog::PaddingWord::None) return Sides::show(value.sides);
    return value.word == catalog::PaddingWord::Same ? "same" : "valid";
  }
};

}  // namespace fdl::config
