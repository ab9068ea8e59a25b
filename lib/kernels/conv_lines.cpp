#include "lib/kernels/conv_lines.h"

#include <algorithm>

namespace fdl::kernels {

using std::int32_t;
using std::int64_t;

Along forward_along(const ConvAxis& axis) {
  Along out{axis.in, axis.stride, axis.out, 1, 0, {}};
  for (int64_t k = 0; k < axis.kernel; ++k)
    out.taps.push_back({k * axis.dilation - axis.padding, k});
  return out;
}

Along backward_along(const ConvAxis& axis, int64_t first) {
  Along out{axis.out, 1, at::divup(axis.in - first, axis.stride), axis.stride, first, {}};
  for (int64_t k = 0; k < axis.kernel; ++k) {
    const int64_t at = first + axis.padding - k * axis.dilation;
    if (floor_mod(at, axis.stride) == 0) out.taps.push_back({floor_div(at, axis.stride), k});
  }
  return out;
}

ConvSize simplest(ConvSize size) {
  const auto is_point = [](const ConvAxis& axis) {
    return axis.kernel == 1 && axis.stride == 1 && axis.padding == 0 && axis.in == axis.out;
  };
  if (!is_point(size.h) || !is_point(size.w)) return size;
  size.w.in = size.w.out = size.h.in * size.w.in;
  size.h.in = size.h.out = 1;
  return size;
}

Planes input_of(const ConvSize& size) { return {size.images, size.channels, size.h.in, size.w.in}; }
Planes output_of(const ConvSize& size) {
  return {size.images, size.filters, size.h.out, size.w.out};
}

int64_t group_of(int64_t images, int64_t num) {
  // To gather numbers from several images costs about a fifth of a product.
  constexpr double kGathered = 1.2;
  int64_t best = 1;
  double least = 0;
  for (int64_t group = 1; group <= std::min<int64_t>(images, kPanelRows); ++group) {
    const double cost =
        static_cast<double>(at::divup(images, group) * round_up(num * group, kPanelRows)) *
        (group > 1 ? kGathered : 1);
    if (group > 1 && cost >= least) continue;
    best = group;
    least = cost;
  }
  return best;
}

std::vector<int32_t> places_in(int64_t num, int64_t group, int64_t images, int64_t image,
                               int64_t first, int64_t step, int64_t size) {
  std::vector<int32_t> out(num, -1);
  for (int64_t r = 0; r < num; ++r) {
    const int64_t at = first + r / group * step, n = r % group;
    if (at >= 0 && at < size && n < images) out[r] = static_cast<int32_t>(n * image + at);
  }
  return out;
}

constexpr int64_t kLineUnit = 16;  // pixels that are put in order at once

Lines::Lines(const std::vector<Along>& along, const Planes& from, int64_t group_size)
    : group(group_size),
      step(along.front().in_step),
      last_images(from.images - (at::divup(from.images, group_size) - 1) * group_size),
      phase(step, -1) {
  std::vector<int64_t> offsets;
  int64_t most = 0;
  for (const Along& one : along) {
    most = std::max(most, one.num);
    for (const Tap& tap : one.taps) offsets.push_back(tap.offset);
  }
  if (offsets.empty()) return;
  const auto [least, last] = std::minmax_element(offsets.begin(), offsets.end());
  first = floor_div(*least, step);
  // The last tiles read whole, past what is wanted.
  num = round_up((floor_div(*last, step) - first) * group + round_up(most * group, kPanelRows),
                 kLineUnit);
  for (const int64_t offset : offsets) {
    const int64_t remainder = floor_mod(offset, step);
    if (phase[remainder] >= 0) continue;
    phase[remainder] = num_lines();
    const int64_t start = first * step + remainder;
    places.push_back(places_in(num, group, group, from.image(), start, step, from.width));
    last_places.push_back(
        places_in(num, group, last_images, from.image(), start, step, from.width));
  }
}

constexpr int64_t kChunkBytes = 1 << 20;

int64_t groups_at_once(int64_t groups, int64_t numbers_of_group) {
  return std::clamp<int64_t>(kChunkBytes / std::max<int64_t>(numbers_of_group * 2, 1), 1, groups);
}

}  // namespace fdl::kernels
