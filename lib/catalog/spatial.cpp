#include "lib/catalog/spatial.h"

#include <fmt/format.h>

#include "lib/base/check.h"

namespace fdl::catalog {
namespace {

// Letters of the last axes, as PyTorch's documentation has them.
std::span<const std::string_view> letters(std::size_t num_axes) {
  static constexpr std::string_view kOne[] = {"L"}, kThree[] = {"D", "H", "W"};
  FDL_CHECK(num_axes >= 1 && num_axes <= 3);
  if (num_axes == 1) return kOne;
  return std::span(kThree).last(num_axes);
}

}  // namespace

AddedSides added_sides(PaddingWord word, std::int64_t sides, std::int64_t kernel,
                       std::int64_t dilation) {
  if (word == PaddingWord::Valid) return {0, 0};
  if (word == PaddingWord::Same) {
    const std::int64_t total = dilation * (kernel - 1);
    return {total / 2, total - total / 2};
  }
  return {sides, sides};
}

Dim windows_over(const Dim& in, const Window& w) {
  const Dim room = in + Dim(w.added.before + w.added.after - w.dilation * (w.kernel - 1) - 1);
  if (!w.ceil_mode) return floor_div(room, w.stride) + Dim(1);
  const Dim out = floor_div(room + Dim(w.stride - 1), w.stride) + Dim(1);
  if (!in.is_number() || !out.is_number()) return out;
  const bool starts_outside = (out.number() - 1) * w.stride >= in.number() + w.added.before;
  return starts_outside ? out - Dim(1) : out;
}

tl::expected<Shape, std::string> walk(const TensorType& input, const Dim& channels,
                                      std::span<const Window> windows) {
  if (auto why = needs_axes(input, windows.size(), "channels")) return tl::unexpected(*why);
  Shape out = {input.shape[0], channels};
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const Dim& in = input.shape[i + 2];
    out.push_back(windows_over(in, windows[i]));
    if (out.back().is_number() && out.back().number() < 1)
      return tl::unexpected(
          fmt::format("its window does not fit into an axis of size {}", in.text()));
  }
  return out;
}

std::optional<std::string> needs_axes(const TensorType& input, std::size_t num_axes,
                                      std::string_view channels) {
  if (input.shape.size() == num_axes + 2) return std::nullopt;
  return fmt::format("it takes {} axes: {}", num_axes + 2, image_text(num_axes, channels));
}

std::string extent_words(std::size_t num_axes) {
  if (num_axes == 1) return "Length";
  return num_axes == 2 ? "Rows and columns" : "Planes, rows and columns";
}

std::string last_axes_words(std::size_t num_axes) {
  if (num_axes == 1) return "the last axis";
  return num_axes == 2 ? "the last two axes" : "the last three axes";
}

std::string image_text(std::size_t num_axes, std::string_view channels) {
  return fmt::format("[N, {}, {}]", channels, fmt::join(letters(num_axes), ", "));
}

std::string walk_text(std::size_t num_axes, std::string_view channels, std::string_view out,
                      const std::string& rule) {
  const auto axes = letters(num_axes);
  std::string sizes = fmt::format(fmt::runtime(rule), axes.front());
  if (num_axes > 1) sizes += fmt::format(", likewise {}", fmt::join(axes.subspan(1), ", "));
  return fmt::format("{} -> [N, {}, {}]", image_text(num_axes, channels), out, sizes);
}

}  // namespace fdl::catalog
