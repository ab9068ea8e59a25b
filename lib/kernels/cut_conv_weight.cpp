#include <algorithm>
#include <atomic>
#include <vector>

#include "lib/kernels/aligned.h"
#include "lib/kernels/conv_lines.h"
#include "lib/kernels/cut_conv.h"

namespace fdl::kernels {
namespace {

using std::int32_t;
using std::int64_t;
using std::uint16_t;

// The sums of a weight's gradient: blocks of 32 channels x 32 filters of a point each.
struct WeightSums {
  const TileFunctions& tiles;
  ConvSize size;
  Along h, w;
  Lines lines;
  std::vector<int32_t> out_places, last_out_places;
  const float *x, *out;

  WeightSums(const TileFunctions& functions, const ConvSize& of, const float* x_data,
             const float* out_data)
      : tiles(functions),
        size(of),
        h(forward_along(of.h)),
        w(forward_along(of.w)),
        lines({w}, input_of(of), group_of(of.images, of.w.out)),
        out_places(places_out(lines.group)),
        last_out_places(places_out(lines.last_images)),
        x(x_data),
        out(out_data) {}

  std::vector<int32_t> places_out(int64_t images) const {
    const Planes planes = output_of(size);
    return places_in(out_steps() * kStep, lines.group, images, planes.image(), 0, 1, planes.width);
  }

  int64_t points() const { return size.h.kernel * size.w.kernel; }
  int64_t channel_blocks() const { return at::divup(size.channels, kPanelRows); }
  int64_t filter_blocks() const { return at::divup(size.filters, kPanelRows); }
  int64_t num_blocks() const { return channel_blocks() * filter_blocks(); }
  // A row of the filter, but where there is little to share out among threads.
  int64_t points_at_once() const { return num_blocks() > 4 ? size.w.kernel : 1; }
  int64_t out_steps() const { return at::divup(w.num * lines.group, kStep); }
  int64_t x_line() const { return 3 * channel_blocks() * kPanelRows * lines.num; }
  int64_t x_row() const { return lines.num_lines() * x_line(); }
  int64_t out_panel() const { return out_steps() * kStepNumbers; }
  int64_t out_row() const { return filter_blocks() * out_panel(); }
  int64_t group_numbers() const { return size.h.in * x_row() + size.h.out * out_row(); }

  bool add_up(float* sums) const;
  bool pack_row(int64_t group, int64_t row, bool is_out, uint16_t* to) const;
  void add_block(int64_t block, int64_t num_groups, const uint16_t* memory, float* sums,
                 bool adds) const;
};

bool WeightSums::pack_row(int64_t group, int64_t row, bool is_out, uint16_t* to) const {
  const Planes planes = is_out ? output_of(size) : input_of(size);
  const bool is_last = (group + 1) * lines.group >= size.images;
  Line from{(is_out ? out : x) + group * lines.group * planes.image() + row * planes.width,
            planes.plane(), planes.num, nullptr, lines.num};
  if (is_out) {
    from.places = (is_last ? last_out_places : out_places).data();
    from.num = out_steps() * kStep;
    return !tiles.pack_pairs(from, to, out_panel());
  }
  bool is_good = true;
  for (int64_t line = 0; line < lines.num_lines(); ++line) {
    from.places = lines.places_of(line, is_last);
    if (tiles.pack_planes(from, to + line * x_line())) is_good = false;
  }
  return is_good;
}

// Of neighbouring points; blocks are [channels, filters, points]. A few rows of images serve all of
// these points while they are in a core's cache.
void WeightSums::add_block(int64_t block, int64_t num_groups, const uint16_t* memory, float* sums,
                           bool adds) const {
  const int64_t point = block * points_at_once() % points();
  const int64_t at_block = block * points_at_once() / points();
  const int64_t filters = at_block % filter_blocks(), channels = at_block / filter_blocks();
  const Tap y = h.taps[point / size.w.kernel];
  const LeftPlaces places{lines.num, channel_blocks() * kPanelRows * lines.num};
  thread_local std::vector<TileStep> list, moved;
  const auto add_points = [&] {
    for (int64_t i = 0; i < points_at_once(); ++i) {
      const Tap& x_tap = w.taps[point % size.w.kernel + i];
      const int64_t at = lines.line_of(x_tap) * x_line() + lines.shift_of(x_tap);
      moved = list;
      for (TileStep& step : moved) step.left += at;
      tiles.multiply_steps(moved.data(), static_cast<int64_t>(moved.size()), places,
                           sums + i * kPanelRows * kPanelRows, adds);
    }
    adds = true;
    list.clear();
  };
  list.clear();
  for (int64_t group = 0; group < num_groups; ++group) {
    const uint16_t* const images =
        memory + group * group_numbers() + channels * kPanelRows * lines.num;
    const uint16_t* const gradients =
        memory + group * group_numbers() + size.h.in * x_row() + filters * out_panel();
    for (int64_t p = 0; p < h.num; ++p) {
      const int64_t row = p * h.in_step + y.offset;
      if (row < 0 || row >= h.in) continue;
      for (int64_t i = 0; i < out_steps(); ++i)
        list.push_back(
            {images + row * x_row() + i * kStep, gradients + p * out_row() + i * kStepNumbers});
      if (static_cast<int64_t>(list.size()) >= kStepsOfSum) add_points();
    }
  }
  if (!list.empty() || !adds) add_points();
}

bool WeightSums::add_up(float* sums) const {
  const int64_t groups = at::divup(size.images, lines.group);
  const int64_t at_once = groups_at_once(groups, group_numbers());
  const AlignedArray<uint16_t> memory = aligned_array<uint16_t>(at_once * group_numbers());
  const int64_t rows = size.h.in + size.h.out;
  std::atomic<bool> is_bad{false};
  for (int64_t first = 0; first < groups; first += at_once) {
    const int64_t here = std::min(at_once, groups - first);
    share_out(tiles, here * rows, [&](int64_t i) {
      const int64_t group = i / rows, row = i % rows;
      uint16_t* const of_group = memory.get() + group * group_numbers();
      const bool is_out = row >= size.h.in;
      uint16_t* const to = is_out ? of_group + size.h.in * x_row() + (row - size.h.in) * out_row()
                                  : of_group + row * x_row();
      if (!pack_row(first + group, is_out ? row - size.h.in : row, is_out, to)) is_bad = true;
    });
    if (is_bad) return false;
    share_out(tiles, num_blocks() * points() / points_at_once(), [&](int64_t block) {
      add_block(block, here, memory.get(),
                sums + block * points_at_once() * kPanelRows * kPanelRows, first > 0);
    });
  }
  return true;
}

}  // namespace

bool convolve_weight(const TileFunctions& tiles, const ConvSize& of, const float* x,
                     const float* out, float* gradient) {
  const WeightSums work(tiles, simplest(of), x, out);
  constexpr int64_t kBlock = kPanelRows * kPanelRows;
  const int64_t points = work.points(), blocks = work.num_blocks();
  const AlignedArray<float> sums = aligned_array<float>(blocks * points * kBlock);
  if (!work.add_up(sums.get())) return false;
  const int64_t filter = of.channels * points;
  at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t channel = i / work.filter_blocks() * kPanelRows;
      const int64_t first = i % work.filter_blocks() * kPanelRows;
      int32_t places[kPanelRows];
      for (int64_t c = 0; c < kPanelRows; ++c)
        places[c] = channel + c < of.channels ? static_cast<int32_t>(c * points) : -1;
      for (int64_t point = 0; point < points; ++point)
        tiles.store_line(sums.get() + (i * points + point) * kBlock, nullptr, places,
                         gradient + first * filter + channel * points + point, filter,
                         std::min(kPanelRows, of.filters - first));
    }
  });
  return true;
}

}  // namespace fdl::kernels
