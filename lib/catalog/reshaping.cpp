#include "lib/catalog/reshaping.h"

#include <algorithm>

#include <fmt/format.h>

namespace fdl::catalog {
namespace {

// libtorch pads by mirrors and copies only behind one or two other axes, and at most three at once.
std::optional<std::string> too_many_pads(std::size_t num_padded, std::size_t num_axes,
                                         const std::string& mode) {
  if (num_padded >= num_axes) return "axis 0 is the batch and stays as it is";
  if (mode == "constant" || (num_padded <= 3 && num_axes <= num_padded + 2)) return std::nullopt;
  return fmt::format("the mode '{}' pads the last 1, 2 or 3 axes behind one or two others", mode);
}

// How many places of an axis the mode needs on a side of that many pads.
std::int64_t least_size(const std::string& mode, std::int64_t pads) {
  return mode == "reflect" ? pads + 1 : mode == "circular" ? pads : 1;
}

}  // namespace

tl::expected<Shape, std::string> filled_axes(const std::vector<std::int64_t>& sizes,
                                             const Dim& num_elements) {
  Shape out;
  Dim product = 1;
  std::ptrdiff_t open = -1;
  for (const std::int64_t size : sizes) {
    if (size < 1 && (size != -1 || open >= 0))
      return tl::unexpected(std::string("sizes must be at least 1, but for one -1"));
    if (size == -1) open = static_cast<std::ptrdiff_t>(out.size());
    if (size != -1) product = product * Dim(size);
    out.emplace_back(size);
  }
  const Dim rest = open < 0 ? Dim(1) : floor_div(num_elements, product);
  if (!(rest * product == num_elements)) {
    return tl::unexpected(fmt::format("{} elements do not fit into {}", num_elements.text(),
                                      config::show_list(sizes)));
  }
  if (open >= 0) out[static_cast<std::size_t>(open)] = rest;
  return out;
}

tl::expected<Shape, std::string> padded(const Shape& shape, const std::vector<std::int64_t>& pads,
                                        const std::string& mode) {
  if (auto why = too_many_pads(pads.size() / 2, shape.size(), mode)) return tl::unexpected(*why);
  Shape out = shape;
  for (std::size_t i = 0; i + 1 < pads.size(); i += 2) {
    Dim& dim = out[shape.size() - 1 - i / 2];
    const std::int64_t before = pads[i], after = pads[i + 1];
    const std::int64_t cut = std::min<std::int64_t>(before, 0) + std::min<std::int64_t>(after, 0);
    const std::int64_t least = std::max(least_size(mode, std::max(before, after)), 1 - cut);
    if (dim.is_number() && dim.number() < least)
      return tl::unexpected(fmt::format("an axis of size {} is too short for pads of {} and {}",
                                        dim.text(), before, after));
    dim = dim + Dim(before) + Dim(after);
  }
  return out;
}

}  // namespace fdl::catalog
