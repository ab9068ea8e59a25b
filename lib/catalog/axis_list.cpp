#include "lib/catalog/axis_list.h"

#include <algorithm>
#include <numeric>

namespace fdl::catalog {

std::vector<std::int64_t> axes_from_front(const AxisList& axes, std::size_t num_axes) {
  const auto count = static_cast<std::int64_t>(num_axes);
  std::vector<std::int64_t> out;
  for (const std::int64_t dim : axes.dims) out.push_back(dim < 0 ? dim + count : dim);
  if (axes.dims.empty() && count > 0) {
    out.resize(num_axes - 1);
    std::iota(out.begin(), out.end(), 1);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::optional<std::string> axes_problem(const AxisList& axes, const Shape& shape) {
  for (const std::int64_t dim : axes.dims) {
    if (const auto axis = inner_axis(dim, shape); !axis) return axis.error();
  }
  const std::vector<std::int64_t> found = axes_from_front(axes, shape.size());
  if (found.empty()) return "it has no axis but the batch";
  const auto twice = std::adjacent_find(found.begin(), found.end());
  if (twice != found.end()) return "axis " + std::to_string(*twice) + " is named twice";
  return std::nullopt;
}

tl::expected<Shape, std::string> without_axes(const AxisList& axes, bool keepdim,
                                              const Shape& shape) {
  if (auto why = axes_problem(axes, shape)) return tl::unexpected(*why);
  const std::vector<std::int64_t> found = axes_from_front(axes, shape.size());
  Shape out;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool goes = std::binary_search(found.begin(), found.end(), static_cast<std::int64_t>(i));
    if (!goes) out.push_back(shape[i]);
    if (goes && keepdim) out.emplace_back(1);
  }
  return out;
}

tl::expected<std::ptrdiff_t, std::string> inner_axis(std::int64_t dim, const Shape& shape) {
  const auto axis = axis_index(dim, shape);
  if (!axis) return tl::unexpected(no_such_axis(dim, shape));
  if (*axis == 0) return tl::unexpected(std::string("axis 0 is the batch and stays as it is"));
  return *axis;
}

}  // namespace fdl::catalog
