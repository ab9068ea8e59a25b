#include "lib/kernels/cut_conv.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "lib/kernels/aligned.h"
#include "lib/kernels/conv_lines.h"

namespace fdl::kernels {
namespace {

using std::int32_t;
using std::int64_t;
using std::uint16_t;

// Images under filters. Rows and columns of the result are made part by part, those of a
// convolution in one; all parts read the same lines.
struct Correlation {
  const TileFunctions& tiles;
  Planes from, to;
  std::vector<Along> rows, columns;
  int64_t kernel_width;
  const uint16_t* weight;  // of 32 planes of `to`: [rows of a filter, steps, columns]
  int64_t weight_panel;
  const float* in;
  const float* addend;
  float* out;

  int64_t steps() const { return at::divup(from.num, kStep); }
  bool run() const;
  void list_steps(const Lines& lines, const Along& h, const Along& w, int64_t q,
                  const uint16_t* images, const uint16_t* rights,
                  std::vector<TileStep>& list) const;
  void make_line(const Lines& lines, const Along& h, const Along& w, const int32_t* places,
                 int64_t q, const uint16_t* images, int64_t panel, int64_t group) const;
  std::vector<std::vector<int32_t>> places_to(const Lines& lines, int64_t images) const;
};

// Where the places of each of `columns` go in a row.
std::vector<std::vector<int32_t>> Correlation::places_to(const Lines& lines, int64_t images) const {
  std::vector<std::vector<int32_t>> out;
  for (const Along& w : columns)
    out.push_back(places_in(round_up(w.num * lines.group, kPanelRows), lines.group, images,
                            to.image(), w.out_first, w.out_step, to.width));
  return out;
}

void Correlation::list_steps(const Lines& lines, const Along& h, const Along& w, int64_t q,
                             const uint16_t* images, const uint16_t* rights,
                             std::vector<TileStep>& list) const {
  const int64_t step = 3 * lines.num * kStep, of_line = steps() * step;
  for (const Tap& y : h.taps) {
    const int64_t row = q * h.in_step + y.offset;
    if (row < 0 || row >= h.in) continue;
    // What one point has read is still at hand for its neighbours.
    const uint16_t* left = images + row * lines.num_lines() * of_line;
    for (int64_t i = 0; i < steps(); ++i, left += step) {
      for (const Tap& x : w.taps) {
        const int64_t at = (y.index * steps() + i) * kernel_width + x.index;
        list.push_back({left + lines.line_of(x) * of_line + lines.shift_of(x) * kStep,
                        rights + at * kStepNumbers});
      }
    }
  }
}

void Correlation::make_line(const Lines& lines, const Along& h, const Along& w,
                            const int32_t* places, int64_t q, const uint16_t* images, int64_t panel,
                            int64_t group) const {
  thread_local std::vector<TileStep> list;
  list.clear();
  list_steps(lines, h, w, q, images, weight + panel * weight_panel, list);
  const int64_t planes = std::min(kPanelRows, to.num - panel * kPanelRows);
  float* const row = out + group * lines.group * to.image() + panel * kPanelRows * to.plane() +
                     (q * h.out_step + h.out_first) * to.width;
  const int64_t num = w.num * lines.group;
  for (int64_t at = 0; at < num; at += kPanelRows) {
    alignas(64) float sum[kPanelRows * kPanelRows];
    tiles.multiply_steps(list.data(), static_cast<int64_t>(list.size()), {kStep, lines.num * kStep},
                         sum, false);
    tiles.store_line(sum, addend == nullptr ? nullptr : addend + panel * kPanelRows, places + at,
                     row, to.plane(), planes);
    for (TileStep& step : list) step.left += kPanelRows * kStep;
  }
}

bool Correlation::run() const {
  const Lines lines(columns, from, group_of(from.images, columns.front().num));
  const int64_t groups = at::divup(from.images, lines.group);
  const int64_t of_line = steps() * 3 * lines.num * kStep, row = lines.num_lines() * of_line;
  const int64_t of_group = from.height * row, at_once = groups_at_once(groups, of_group);
  const AlignedArray<uint16_t> memory = aligned_array<uint16_t>(at_once * of_group);
  const int64_t panels = at::divup(to.num, kPanelRows), most = rows.front().num;
  const auto num_rows = static_cast<int64_t>(rows.size()) * most;
  const auto places = places_to(lines, lines.group), last = places_to(lines, lines.last_images);
  std::atomic<bool> is_bad{false};
  for (int64_t first = 0; first < groups; first += at_once) {
    const int64_t here = std::min(at_once, groups - first);
    share_out(tiles, here * from.height, [&](int64_t i) {
      const int64_t group = first + i / from.height, y = i % from.height;
      for (int64_t line = 0; line < lines.num_lines(); ++line) {
        const Line one{in + group * lines.group * from.image() + y * from.width, from.plane(),
                       from.num, lines.places_of(line, group + 1 == groups), lines.num};
        if (tiles.pack_pixels(one, memory.get() + i * row + line * of_line)) is_bad = true;
      }
    });
    if (is_bad) return false;
    // Panel by panel: its weights stay in a core's cache.
    share_out(tiles, panels * here * num_rows, [&](int64_t i) {
      const int64_t panel = i / (here * num_rows), group = i / num_rows % here;
      const Along& h = rows[i / most % static_cast<int64_t>(rows.size())];
      if (i % most >= h.num) return;
      const auto& of_columns = first + group + 1 == groups ? last : places;
      for (std::size_t c = 0; c < columns.size(); ++c)
        make_line(lines, h, columns[c], of_columns[c].data(), i % most,
                  memory.get() + group * of_group, panel, first + group);
    });
  }
  return true;
}

// A weight as the right factor of every point of the filter. `is_back`: from filters to channels.
bool pack_weight(const TileFunctions& tiles, const ConvSize& size, const float* weight,
                 bool is_back, uint16_t* out) {
  const int64_t points = size.h.kernel * size.w.kernel, filter = size.channels * points;
  const int64_t columns = is_back ? size.channels : size.filters;
  const int64_t k = is_back ? size.filters : size.channels;
  const int64_t steps = at::divup(k, kStep), panels = at::divup(columns, kPanelRows);
  std::atomic<bool> is_bad{false};
  at::parallel_for(0, panels * steps, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t column = i / steps * kPanelRows, row = i % steps * kStep;
      const float* data =
          weight + (is_back ? row * filter + column * points : column * filter + row * points);
      PanelSource from{
          data,  filter, !is_back, std::min(kPanelRows, columns - column), std::min(kStep, k - row),
          points};
      for (int64_t point = 0; point < points; ++point, ++from.data) {
        const int64_t y = point / size.w.kernel, x = point % size.w.kernel;
        const int64_t at = (y * steps + i % steps) * size.w.kernel + x;
        uint16_t* const to = out + (i / steps * points * steps + at) * kStepNumbers;
        if (tiles.pack(from, false, to, kStepNumbers)) is_bad = true;
      }
    }
  });
  return !is_bad;
}

}  // namespace

// In nanoseconds of one core, as measured for docs/adr/0064.
bool tiles_pay(const ConvSize& of, ConvPart part) {
  const ConvSize size = simplest(of);
  const Planes in = input_of(size), out = output_of(size);
  const int64_t points = size.h.kernel * size.w.kernel;
  const int64_t weight = size.channels * size.filters * points;
  constexpr int64_t kMost = INT32_MAX;
  if (kPanelRows * in.image() > kMost || kPanelRows * out.image() > kMost || weight > kMost)
    return false;
  constexpr double kFlops = 140, kTileFlops = 380, kNumber = 1.2, kStart = 4000;
  const auto number = [](int64_t value) { return static_cast<double>(value); };
  const bool is_back = part == ConvPart::InputGradient;
  const int64_t width = is_back ? at::divup(in.width, size.w.stride) : out.width;
  const int64_t rows = is_back ? at::divup(in.height, size.h.stride) : out.height;
  const int64_t group = group_of(size.images, width);
  const int64_t pixels = at::divup(size.images, group) * rows * round_up(width * group, kPanelRows);
  const int64_t whole = round_up(size.channels, kPanelRows) * round_up(size.filters, kPanelRows);
  const double by_tiles =
      2 * number(pixels) * number(points * whole) / kTileFlops +
      kNumber * (number(size.images * (in.image() + out.image()) * (group > 1 ? 2 : 1)) +
                 number(weight)) +
      kStart;
  const double plainly = 2 * number(size.images * out.plane()) * number(weight) / kFlops;
  return by_tiles < 0.9 * plainly;
}

bool convolve(const TileFunctions& tiles, const ConvSize& of, const float* x, const float* weight,
              const float* bias, float* out) {
  const ConvSize size = simplest(of);
  const int64_t panel =
      size.h.kernel * size.w.kernel * at::divup(size.channels, kStep) * kStepNumbers;
  const auto packed = aligned_array<uint16_t>(at::divup(size.filters, kPanelRows) * panel);
  if (!pack_weight(tiles, size, weight, false, packed.get())) return false;
  return Correlation{tiles,
                     input_of(size),
                     output_of(size),
                     {forward_along(size.h)},
                     {forward_along(size.w)},
                     size.w.kernel,
                     packed.get(),
                     panel,
                     x,
                     bias,
                     out}
      .run();
}

bool convolve_back(const TileFunctions& tiles, const ConvSize& of, const float* out,
                   const float* weight, const float* bias, float* x) {
  const ConvSize size = simplest(of);
  const int64_t panel =
      size.h.kernel * size.w.kernel * at::divup(size.filters, kStep) * kStepNumbers;
  const auto packed = aligned_array<uint16_t>(at::divup(size.channels, kPanelRows) * panel);
  if (!pack_weight(tiles, size, weight, true, packed.get())) return false;
  const auto parts = [](const ConvAxis& axis) {
    std::vector<Along> made;
    for (int64_t first = 0; first < std::min(axis.stride, axis.in); ++first)
      made.push_back(backward_along(axis, first));
    return made;
  };
  return Correlation{tiles,
                     output_of(size),
                     input_of(size),
                     parts(size.h),
                     parts(size.w),
                     size.w.kernel,
                     packed.get(),
                     panel,
                     out,
                     bias,
                     x}
      .run();
}

}  // namespace fdl::kernels
