#pragma once

#include <algorithm>
#include <cstdint>

// What follows a convolution over two axes, as a few passes over memory: its bias, batch_norm by
// the batch, a sum with another branch, relu and max pooling, in this order, each of which may be
// missing. Images are [N, H, W, C] in memory (channels last), C a multiple of 4; all of one step
// are of one type, and what is computed of them is f32.
namespace fdl::cuda {

enum class ImageType : std::uint8_t { F32, BF16, F16 };

struct Epilogue {
  ImageType type = ImageType::F32;
  const void* x = nullptr;  // what the convolution gave, without its bias
  std::int64_t N = 0, H = 0, W = 0, C = 0;
  const float* bias = nullptr;  // [C] of the convolution; null: none

  bool has_norm = false;
  const float *norm_weight = nullptr, *norm_bias = nullptr;  // [C]; null: 1 and 0
  float *running_mean = nullptr, *running_var = nullptr;     // [C], updated; null: not kept
  std::int64_t* num_batches = nullptr;                       // counted up; null: not kept
  double newest = 0, eps = 0;                                // weight of this batch in these
  float *mean = nullptr, *inverse = nullptr;  // [C], made: of x, and 1 / sqrt(variance + eps)

  bool has_sum = false;
  const void* added = nullptr;  // like x, of a sum; the backward pass does not look at it
  bool has_relu = false;

  bool has_pool = false;
  struct Axis {
    std::int32_t kernel = 1, stride = 1, padding = 0, out = 1;  // `out`: windows
  } rows, columns;

  void* y = nullptr;               // made: like x, or [N, rows.out, columns.out, C]
  std::uint8_t* places = nullptr;  // of a pooling, made: of each maximum in its window, row by row

  double* sums = nullptr;  // work of num_sums(): for statistics, and for the gradients

  std::int64_t num_pixels() const { return N * H * W; }
};

// `places` of a window through which no gradient goes: relu has cut it off.
inline constexpr std::uint8_t kCutOff = 255;

// What the backward pass makes; null where nobody wants it. The gradients of a norm's tensors are
// there if it has a norm.
struct EpilogueGradients {
  const void* given = nullptr;  // of y
  void* x = nullptr;
  void* added = nullptr;
  float* bias = nullptr;
  float *norm_weight = nullptr, *norm_bias = nullptr;
};

// How sums over pixels are shared out, by sizes alone: the same on every GPU. A block takes `lanes`
// times four channels of a chunk of the pixels, `rows` of them at a time.
struct EpilogueShares {
  std::int64_t lanes, rows, groups, pixels_per_chunk, chunks;

  EpilogueShares(std::int64_t pixels, std::int64_t channels) {
    constexpr std::int64_t kThreads = 256, kMostLanes = 64, kBlocks = 1024, kLeastTurns = 8;
    lanes = std::min(channels / 4, kMostLanes);
    rows = kThreads / lanes;
    groups = (channels / 4 + lanes - 1) / lanes;
    const std::int64_t most_chunks = std::max<std::int64_t>(kBlocks / groups, 1);
    pixels_per_chunk = std::max(rows * kLeastTurns, (pixels + most_chunks - 1) / most_chunks);
    chunks = (pixels + pixels_per_chunk - 1) / pixels_per_chunk;
  }
  // Numbers of f64: two for each chunk and channel, and one more for each channel.
  std::int64_t num_sums(std::int64_t channels) const { return (chunks * 2 + 1) * channels; }
};

}  // namespace fdl::cuda
