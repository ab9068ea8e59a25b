#pragma once

#include <cstdint>

// The loops of cut_gemm.h and cut_conv.h that need matrix tiles (Intel's AMX with bf16): numbers
// are cut in three parts of bf16 each, hi + mid + low, exactly; products of parts are summed in
// f32.
namespace fdl::kernels {

// What a panel holds: kPanelRows rows of a left factor, or so many columns of a right one, over k.
// For each 32 of k (a step) three parts, each of two tiles of 16 x 32 numbers.
inline constexpr std::int64_t kPanelRows = 32, kStep = 32, kStepNumbers = 3 * kPanelRows * kStep;

// Where the numbers of panels lie: `num` rows or columns in all, and k of them.
struct PanelSource {
  const float* data = nullptr;
  std::int64_t stride = 0;
  bool is_along_k = false;  // a row's numbers differ in k; else rows are of one k
  std::int64_t num = 0, k = 0;
  std::int64_t apart = 1;  // how far a row's numbers lie apart
};

// Pixels of planes, in the order in which a product goes over them.
struct Line {
  const float* data = nullptr;  // of the first plane
  std::int64_t plane = 0, num_planes = 0;
  const std::int32_t* places = nullptr;  // of each pixel in its plane; below zero: there is none
  std::int64_t num = 0;                  // of pixels, a multiple of 16, or 32 for pairs
};

// So many steps are added up on tiles from zero, and then to the rest: fewer roundings than in a
// sum that goes on and on.
inline constexpr std::int64_t kStepsOfSum = 16;

// Tiles of one step: 32 rows of a left factor, of which each part lies apart, and a right panel.
struct TileStep {
  const std::uint16_t *left = nullptr, *right = nullptr;
};
struct LeftPlaces {  // in numbers
  std::int64_t row = 0, part = 0;
};

struct TileFunctions {
  // Of this thread: before the first product, and after the last.
  void (*begin)();
  void (*end)();
  // Panels of a left factor (`is_left`) or of a right one, `stride` apart, zeros where there is
  // nothing. Returns whether a number is too large to be cut, infinite or none: then they are no
  // good.
  bool (*pack)(const PanelSource& from, bool is_left, std::uint16_t* panels, std::int64_t stride);
  // out[rows, columns] = left right over `steps`, or added to it.
  void (*multiply)(const std::uint16_t* left, const std::uint16_t* right, std::int64_t steps,
                   float* out, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                   bool adds);

  // A left factor of pixels over planes, for each 32 planes [3 parts, num, 32]; of planes over
  // pixels, [3 parts, planes, num], as many planes as fill tiles; a right factor of pixels over
  // planes, panels `stride` apart. Zeros where there is nothing; the result as that of pack.
  bool (*pack_pixels)(const Line& from, std::uint16_t* out);
  bool (*pack_planes)(const Line& from, std::uint16_t* out);
  bool (*pack_pairs)(const Line& from, std::uint16_t* panels, std::int64_t stride);
  // sum[32, 32] = the products of all steps, or added to it. `sum` is aligned to 64 bytes.
  void (*multiply_steps)(const TileStep* steps, std::int64_t num, LeftPlaces left, float* sum,
                         bool adds);
  // Writes sum[32 pixels, 32 planes] + addend[planes], of which no addend is zeros, to the places
  // of at most 32 planes.
  void (*store_line)(const float* sum, const float* addend, const std::int32_t* places, float* out,
                     std::int64_t plane, std::int64_t num_planes);
};

// Null where the CPU has no such tiles, the system lets nobody use them, or ATEN_CPU_CAPABILITY
// asks for less.
const TileFunctions* tile_functions();

// Whether products and convolutions go to tiles: all that follow in this process, libtorch's own
// products included. At first they do, where there are tiles.
void use_tiles(bool use);
const TileFunctions* tiles_in_use();  // null where they do not

}  // namespace fdl::kernels
