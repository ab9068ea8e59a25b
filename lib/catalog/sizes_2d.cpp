#include "lib/catalog/sizes_2d.h"

#include <fmt/format.h>

namespace fdl::catalog {

AddedSides added_sides(const Padding2d& padding, std::size_t axis, std::int64_t kernel,
                       std::int64_t dilation) {
  if (padding.word == "valid") return {0, 0};
  if (padding.word == "same") {
    const std::int64_t total = dilation * (kernel - 1);
    return {total / 2, total - total / 2};
  }
  return {padding.sides[axis], padding.sides[axis]};
}

Dim windows_over(const Dim& in, const Window& w) {
  const Dim room = in + Dim(w.added.before + w.added.after - w.dilation * (w.kernel - 1) - 1);
  if (!w.ceil_mode) return floor_div(room, w.stride) + Dim(1);
  const Dim out = floor_div(room + Dim(w.stride - 1), w.stride) + Dim(1);
  if (!in.is_number() || !out.is_number()) return out;
  const bool starts_outside = (out.number() - 1) * w.stride >= in.number() + w.added.before;
  return starts_outside ? out - Dim(1) : out;
}

tl::expected<Shape, std::string> walk_2d(const TensorType& input, const Dim& channels,
                                         const Window& rows, const Window& columns) {
  if (input.shape.size() != 4)
    return tl::unexpected(std::string("it takes 4 axes: [N, channels, H, W]"));
  const Dim height = windows_over(input.shape[2], rows),
            width = windows_over(input.shape[3], columns);
  for (const auto& [dim, in] :
       {std::pair(height, input.shape[2]), std::pair(width, input.shape[3])}) {
    if (dim.is_number() && dim.number() < 1)
      return tl::unexpected(
          fmt::format("its window does not fit into an axis of size {}", in.text()));
  }
  return Shape{input.shape[0], channels, height, width};
}

}  // namespace fdl::catalog
