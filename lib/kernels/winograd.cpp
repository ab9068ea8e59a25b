#include "lib/kernels/winograd.h"

#include <algorithm>
#include <atomic>

#include <ATen/Parallel.h>

#include "lib/base/check.h"
#include "lib/kernels/aligned.h"

namespace fdl::kernels {
namespace {

using std::int64_t;

const WinogradFunctions& functions_of(const RowFunctions& rows, const ConvSize& size) {
  FDL_CHECK(winograd_fits(size, rows));
  return rows.winograd[size.h.stride == 2 ? 0 : 1];
}

// How a convolution is cut: into rows of tiles, each of which makes 2 x 2 places, and these into
// blocks whose points a core's cache holds. Points are [points, tiles, numbers]: of what tiles read
// k numbers, channels phase by phase, and of what they make one for each filter.
struct Cut {
  Cut(const RowFunctions& rows, const ConvSize& of)
      : size(of),
        by(functions_of(rows, of)),
        copy(rows.copy),
        phases(of.h.stride * of.h.stride),
        points((of.h.kernel / of.h.stride + 1) * (of.h.kernel / of.h.stride + 1)),
        k(phases * of.channels),
        filters(of.filters),
        tile_rows(at::divup(of.h.out, 2)),
        tile_columns(at::divup(of.w.out, 2)),
        threads(at::get_num_threads()) {
    constexpr int64_t kNumbers = 160 * 1024, kLeastTiles = 48;
    const int64_t tiles = std::max(kNumbers / (points * (k + filters)), kLeastTiles);
    block = std::clamp<int64_t>(tiles / tile_columns, 1, num_rows());
  }

  int64_t num_rows() const { return size.images * tile_rows; }
  int64_t of_weight() const { return points * k * filters; }
  // Numbers between two points of so many rows of tiles, of either width. Some lines of a cache are
  // between them: else the points of a tile would all lie in the same set of it.
  int64_t point(int64_t rows, int64_t width) const {
    constexpr int64_t kApart = 80;
    return rows * tile_columns * width + kApart;
  }
  // Of a thread's block; of what is read with the row before it.
  int64_t read_point() const { return point(block + 1, k); }
  int64_t made_point() const { return point(block, filters); }

  PixelSize read_size() const { return {size.h.in, size.w.in, size.channels}; }
  PixelSize made_size() const { return {size.h.out, size.w.out, filters}; }
  // Of the image that row lies in.
  template <typename T>
  T* read_image(T* x, int64_t row) const {
    return x + row / tile_rows * size.h.in * size.w.in * size.channels;
  }
  template <typename T>
  T* made_image(T* y, int64_t row) const {
    return y + row / tile_rows * size.h.out * size.w.out * filters;
  }
  // `row`: of its image.
  TileRow read_row(int64_t row, int64_t phase, int64_t point) const {
    const int64_t step = size.h.stride;
    return {tile_columns,
            point,
            k,
            step * 2 * row + phase / step - size.h.padding,
            phase % step - size.w.padding,
            step};
  }
  TileRow made_row(int64_t row, int64_t point) const {
    return {tile_columns, point, filters, 2 * row, 0, 1};
  }

  const ConvSize size;
  const WinogradFunctions& by;
  void (*const copy)(const float*, float*, int64_t, bool);
  const int64_t phases, points, k, filters, tile_rows, tile_columns, threads;
  int64_t block = 1;  // rows of tiles

  // Points of the rows of tiles [first, first + num), from images.
  void read(const float* x, int64_t first, int64_t num, float* out, int64_t point) const {
    for (int64_t row = first; row < first + num; ++row, out += tile_columns * k) {
      for (int64_t phase = 0; phase < phases; ++phase)
        by.points_of_read(read_image(x, row), read_size(), read_row(row % tile_rows, phase, point),
                          out + phase * size.channels);
    }
  }
  void made(const float* y, int64_t first, int64_t num, float* out, int64_t point) const {
    for (int64_t row = first; row < first + num; ++row, out += tile_columns * filters)
      by.points_of_made(made_image(y, row), made_size(), made_row(row % tile_rows, point), out);
  }
  // The places of a row of tiles in its image, by its points and those of the row before it; behind
  // the last row are places that it has alone. Whether a number was bad.
  bool put_read(const float* points_of_row, int64_t row, const float* bias, float* x) const {
    const int64_t at = row % tile_rows;
    float* const image = read_image(x, row);
    bool is_bad = false;
    for (int64_t phase = 0; phase < phases; ++phase) {
      const float* const here = points_of_row + phase * size.channels;
      const float* const before = at == 0 ? nullptr : here - tile_columns * k;
      is_bad |= by.places_of_read(here, before, read_row(at, phase, read_point()), bias, image,
                                  read_size());
      if (at + 1 == tile_rows)
        is_bad |= by.places_of_read(nullptr, here, read_row(at + 1, phase, read_point()), bias,
                                    image, read_size());
    }
    return is_bad;
  }
};

// A thread's rows of tiles, and memory for a block of them.
struct Share {
  int64_t first, last;
  float *read, *made;
};

// work(share) tells whether a number was bad; this, whether none was.
template <typename F>
bool by_threads(const Cut& cut, F work) {
  const int64_t each = at::divup(cut.num_rows(), cut.threads);
  std::atomic<bool> is_bad{false};
  at::parallel_for(0, cut.threads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t thread = begin; thread < end; ++thread) {
      const int64_t read = cut.points * cut.read_point();
      const auto memory = aligned_array<float>(read + cut.points * cut.made_point());
      const Share share{thread * each, std::min(cut.num_rows(), (thread + 1) * each), memory.get(),
                        memory.get() + read};
      if (share.first < share.last && work(share)) is_bad = true;
    }
  });
  return !is_bad;
}

// The weight's points as right factors in panels, [points, columns / panel, rows, panel]: of
// [k, filters], and of [filters, k].
void panels_by_filter(const Cut& cut, const float* weight, float* out) {
  const int64_t panel = cut.by.panel, lanes = panel / 2, C = cut.size.channels;
  const int64_t filter = C * cut.size.h.kernel * cut.size.w.kernel;
  at::parallel_for(0, cut.filters / lanes, 1, [&](int64_t begin, int64_t end) {
    for (int64_t f = begin * lanes; f < end * lanes; f += lanes) {
      float* const to = out + f / panel * panel * cut.k + f % panel;
      for (int64_t c = 0; c < C; ++c)
        cut.by.points_of_filter(weight + f * filter + c * (filter / C), filter, cut.k * cut.filters,
                                C * panel, to + c * panel);
    }
  });
}
void panels_by_channel(const Cut& cut, const float* weight, float* out) {
  const int64_t panel = cut.by.panel, lanes = panel / 2, C = cut.size.channels;
  const int64_t filter = C * cut.size.h.kernel * cut.size.w.kernel;
  at::parallel_for(0, cut.filters, 1, [&](int64_t begin, int64_t end) {
    for (int64_t f = begin; f < end; ++f) {
      for (int64_t c = 0; c < C; c += lanes) {
        float* const to = out + c / panel * panel * cut.filters + f * panel + c % panel;
        cut.by.points_of_filter(weight + f * filter + c * (filter / C), filter / C,
                                cut.k * cut.filters, C * cut.filters, to);
      }
    }
  });
}

// sums[points, k / panel, filters, panel] = read^T made of so many rows of tiles, or added to it.
void multiply_block(const Cut& cut, const float* read, const float* made, int64_t rows,
                    int64_t all_rows, float* sums, bool adds) {
  const int64_t panel = cut.by.panel, panels = cut.k / panel;
  at::parallel_for(0, cut.points * panels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t point = i / panels, first = i % panels * panel;
      cut.by.multiply_turned(made + point * cut.point(all_rows, cut.filters), cut.filters,
                             read + point * cut.point(all_rows, cut.k) + first, cut.k,
                             rows * cut.tile_columns, sums + i * cut.filters * panel, adds);
    }
  });
}

bool put_weight(const Cut& cut, const float* sums, float* gradient) {
  const int64_t panel = cut.by.panel, lanes = panel / 2, C = cut.size.channels;
  const int64_t filter = C * cut.size.h.kernel * cut.size.w.kernel;
  std::atomic<bool> is_bad{false};
  at::parallel_for(0, cut.filters, 1, [&](int64_t begin, int64_t end) {
    for (int64_t f = begin; f < end; ++f) {
      for (int64_t c = 0; c < C; c += lanes) {
        const float* const from = sums + c / panel * panel * cut.filters + f * panel + c % panel;
        if (cut.by.filter_of_points(from, cut.k * cut.filters, C * cut.filters,
                                    gradient + f * filter + c * (filter / C)))
          is_bad = true;
      }
    }
  });
  return !is_bad;
}

}  // namespace

bool winograd_fits(const ConvSize& size, const RowFunctions& by) {
  const auto is_fit = [](const ConvAxis& axis) {
    const bool is_known =
        (axis.kernel == 3 && axis.stride == 1) || (axis.kernel == 4 && axis.stride == 2);
    return is_known && axis.dilation == 1;
  };
  const int64_t panel = by.winograd[0].panel;
  return size.h.out > 0 && size.w.out > 0 && is_fit(size.h) && is_fit(size.w) &&
         size.h.kernel == size.w.kernel && size.channels % panel == 0 && size.filters % panel == 0;
}

bool winograd_pays(const ConvSize& size) {
  if (!winograd_fits(size)) return false;
  const Cut cut(row_functions(), size);
  const int64_t tiles = cut.tile_rows * cut.tile_columns;
  const double products =
      static_cast<double>(size.h.out * size.w.out * size.h.kernel * size.w.kernel);
  // Tiles that are half outside save little, and few tiles do not make up for the weight's points.
  constexpr double kFewer = 1.5;
  constexpr int64_t kLeastTiles = 128;
  return products >= kFewer * static_cast<double>(tiles * cut.points * cut.phases) &&
         tiles * size.images >= kLeastTiles;
}

int64_t winograd_scratch(const ConvSize& size) { return Cut(row_functions(), size).of_weight(); }

bool convolve_winograd(const RowFunctions& by, const ConvSize& size, const float* x,
                       const float* weight, const float* bias, float* out, float* scratch) {
  const Cut cut(by, size);
  panels_by_filter(cut, weight, scratch);
  return by_threads(cut, [&](const Share& share) {
    bool is_bad = false;
    for (int64_t first = share.first; first < share.last; first += cut.block) {
      const int64_t num = std::min(cut.block, share.last - first);
      cut.read(x, first, num, share.read, cut.read_point());
      for (int64_t i = 0; i < cut.points; ++i)
        cut.by.multiply_panels(share.read + i * cut.read_point(), num * cut.tile_columns, cut.k,
                               scratch + i * cut.k * cut.filters, cut.filters,
                               share.made + i * cut.made_point());
      for (int64_t i = 0; i < num; ++i)
        is_bad |= cut.by.places_of_made(share.made + i * cut.tile_columns * cut.filters,
                                        cut.made_row((first + i) % cut.tile_rows, cut.made_point()),
                                        bias, cut.made_image(out, first + i), cut.made_size());
    }
    return is_bad;
  });
}

bool convolve_winograd_back(const RowFunctions& by, const ConvSize& size, const float* out,
                            const float* weight, const float* bias, float* x, float* scratch) {
  const Cut cut(by, size);
  panels_by_channel(cut, weight, scratch);
  const int64_t row = cut.tile_columns * cut.k;
  return by_threads(cut, [&](const Share& share) {
    bool is_bad = false;
    // A row's first places need the row before it, which may be another thread's too.
    int64_t first = share.first % cut.tile_rows == 0 ? share.first : share.first - 1;
    for (; first < share.last; first += cut.block) {
      const int64_t num = std::min(cut.block, share.last - first);
      cut.made(out, first, num, share.made, cut.made_point());
      for (int64_t i = 0; i < cut.points; ++i)
        cut.by.multiply_panels(share.made + i * cut.made_point(), num * cut.tile_columns,
                               cut.filters, scratch + i * cut.k * cut.filters, cut.k,
                               share.read + i * cut.read_point() + row);
      for (int64_t i = 0; i < num; ++i) {
        if (first + i >= share.first)
          is_bad |= cut.put_read(share.read + (i + 1) * row, first + i, bias, x);
      }
      for (int64_t i = 0; i < cut.points; ++i) {  // the next block's row before
        float* const point = share.read + i * cut.read_point();
        cut.copy(point + num * row, point, row, false);
      }
    }
    return is_bad;
  });
}

bool convolve_winograd_weight(const RowFunctions& by, const ConvSize& size, const float* x,
                              const float* out, float* gradient, float* scratch) {
  const Cut cut(by, size);
  const int64_t rows = cut.threads * cut.block;
  const int64_t read_point = cut.point(rows, cut.k), made_point = cut.point(rows, cut.filters);
  const auto memory = aligned_array<float>(cut.points * (read_point + made_point));
  float *const read = memory.get(), *const made = read + cut.points * read_point;
  for (int64_t first = 0; first < cut.num_rows(); first += rows) {
    const int64_t num = std::min(rows, cut.num_rows() - first);
    at::parallel_for(0, num, cut.block, [&](int64_t begin, int64_t end) {
      cut.read(x, first + begin, end - begin, read + begin * cut.tile_columns * cut.k, read_point);
      cut.made(out, first + begin, end - begin, made + begin * cut.tile_columns * cut.filters,
               made_point);
    });
    multiply_block(cut, read, made, num, rows, scratch, first > 0);
  }
  return put_weight(cut, scratch, gradient);
}

}  // namespace fdl::kernels
