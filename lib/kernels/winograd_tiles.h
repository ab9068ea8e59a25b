#pragma once

#include <cstdint>

// The loops of winograd.h, one machine code per kind of CPU.
namespace fdl::kernels {

// An image's, [height, width, channels]: the channels of a pixel lie side by side.
struct PixelSize {
  std::int64_t height = 0, width = 0, channels = 0;
};

// A row of tiles that overlap, in memory [points, tiles, channels]: `point` numbers are between two
// points of a tile, `tile` between two tiles. The places that a tile reads are `step` rows and
// columns apart, and its first one is in first_row, and first_column + 2 step times its number;
// the places that it makes are neighbours, two in a row.
struct TileRow {
  std::int64_t num_tiles = 0, point = 0, tile = 0;
  std::int64_t first_row = 0, first_column = 0, step = 1;
};

// Numbers of channels and of filters are multiples of `panel`, two vectors. Beyond an image are
// zeros, and nothing is written there. A bias may be null. Those that give bool say whether a
// number that they made is infinite or none.
struct WinogradFunctions {
  std::int64_t panel;
  // What tiles read, as points; and from gradients of the points those of two rows of places,
  // which this row of tiles and the one before have in common. Null: no such row.
  void (*points_of_read)(const float* from, const PixelSize& size, const TileRow& row, float* out);
  bool (*places_of_read)(const float* tiles, const float* tiles_before, const TileRow& row,
                         const float* bias, float* to, const PixelSize& size);
  // The same of what tiles make, which does not overlap.
  void (*points_of_made)(const float* from, const PixelSize& size, const TileRow& row, float* out);
  bool (*places_of_made)(const float* tiles, const TileRow& row, const float* bias, float* to,
                         const PixelSize& size);
  // A vector of filters [I, J] that lie `lane` numbers apart, and of their gradients side by side.
  // Their points lie `point` numbers apart, and their phases `phase`.
  void (*points_of_filter)(const float* filter, std::int64_t lane, std::int64_t point,
                           std::int64_t phase, float* out);
  bool (*filter_of_points)(const float* in, std::int64_t point, std::int64_t phase, float* filter);
  // out[rows, columns] = a[rows, k] b, whose columns lie panel by panel: [columns / panel, k,
  // panel].
  void (*multiply_panels)(const float* a, std::int64_t rows, std::int64_t k, const float* panels,
                          std::int64_t columns, float* out);
  // out[m, panel] = a[rows, m]^T b[rows, panel], or added to it; rows of b are n apart.
  void (*multiply_turned)(const float* a, std::int64_t m, const float* b, std::int64_t n,
                          std::int64_t rows, float* out, bool adds);
};

}  // namespace fdl::kernels
