#pragma once

#include <cstdint>

// The two loops of cut_gemm.h that need matrix tiles (Intel's AMX with bf16): numbers are cut in
// three parts of bf16 each, hi + mid + low, exactly; products of parts are summed in f32.
namespace fdl::kernels {

// What a panel holds: kPanelRows rows of a left factor, or so many columns of a right one, over k.
// For each 32 of k (a step) three parts, each of two tiles of 16 x 32 numbers.
inline constexpr std::int64_t kPanelRows = 32, kStep = 32, kStepNumbers = 3 * kPanelRows * kStep;

// Where the numbers of panels lie: `num` rows or columns in all, and k of them.
struct PanelSource {
  const float* data = nullptr;
  std::int64_t stride = 0;
  bool is_along_k = false;  // neighbours in memory differ in k; else rows are of one k
  std::int64_t num = 0, k = 0;
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
};

// Null where the CPU has no such tiles, the system lets nobody use them, or ATEN_CPU_CAPABILITY
// asks for less.
const TileFunctions* tile_functions();

}  // namespace fdl::kernels
