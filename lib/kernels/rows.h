#pragma once

#include <cstdint>

#include "lib/kernels/attention.h"
#include "lib/kernels/cpu_kind.h"
#include "lib/kernels/mask_draw.h"
#include "lib/kernels/winograd_tiles.h"

// Loops over rows of f32, one machine code per kind of CPU.
namespace fdl::kernels {

// `count` numbers, or `rows` rows of `width`, one after the other without gaps. An output may be an
// input's memory. `adds`: to what is there already, instead of in its place.
struct RowFunctions {
  void (*add_bias)(float* y, const float* bias, std::int64_t rows, std::int64_t width);
  void (*add)(const float* a, const float* b, float* out, std::int64_t count);
  void (*mul)(const float* a, const float* b, float* out, std::int64_t count, bool adds);
  void (*copy)(const float* from, float* out, std::int64_t count, bool adds);

  // y = f(x), and x's gradient from that of y: by y, or where the function keeps it by x.
  using Map = void (*)(const float* x, float* y, std::int64_t count);
  using Gradient = void (*)(const float* gradient, const float* kept, float* out,
                            std::int64_t count, bool adds);
  Map relu, gelu, tanh, sigmoid, silu;
  Gradient relu_gradient, gelu_gradient, tanh_gradient, sigmoid_gradient, silu_gradient;

  // y = (x - mean) / sqrt(variance + eps) * weight + bias, over the last axis; weight and bias may
  // be null. mean and inverse: [rows], the latter 1 / sqrt(variance + eps).
  void (*layer_norm)(const float* x, const float* weight, const float* bias, float eps, float* y,
                     float* mean, float* inverse, std::int64_t rows, std::int64_t width);
  void (*layer_norm_gradient)(const float* gradient, const float* x, const float* weight,
                              const float* mean, const float* inverse, float* out,
                              std::int64_t rows, std::int64_t width, bool adds);
  // Adds to those sums that are not null, of `width` columns each: of the gradient, and of it times
  // the normalised x.
  void (*layer_norm_sums)(const float* gradient, const float* x, const float* mean,
                          const float* inverse, float* of_weight, float* of_bias, std::int64_t rows,
                          std::int64_t width);
  // Of exp(x - max), which it writes where `exponentials` is not null.
  struct Softmax {
    float max, sum;
  };
  Softmax (*softmax)(const float* x, float* exponentials, std::int64_t count);
  // The same of each of `rows` rows of up to kShortRow numbers; and, where `shares` is not null,
  // its softmax times `factor`, plus `shift`.
  static constexpr std::int64_t kShortRow = 32;
  struct ShortSoftmax {
    float *max, *sum;  // [rows]
    float* shares = nullptr;
    float factor = 1, shift = 0;
  };
  void (*short_softmax)(const float* x, const ShortSoftmax& to, std::int64_t rows,
                        std::int64_t width);
  // y = factor y + shift.
  void (*scale)(float* y, float factor, float shift, std::int64_t count);
  float (*sum)(const float* x, std::int64_t count);
  bool (*is_finite)(const float* x, std::int64_t count);  // each of them
  // One step of Adam over numbers and their state: Kingma and Ba 2015, arXiv:1412.6980,
  // algorithm 1.
  struct Adam {
    float rest1;  // 1 - beta1, and of beta2 both: their difference from 1 is less exact
    float beta2, rest2;
    float eps;
    float rate;         // over 1 - beta1^t
    float root_factor;  // 1 / sqrt(1 - beta2^t)
    float decay;        // of the weights, as a part of the gradient
    float kept;         // the share of the weights that decoupled decay leaves
  };
  void (*adam)(float* x, const float* gradient, float* mean, float* square, const Adam& step,
               std::int64_t count);
  // Random words 64 `group` to 64 `group` + 63 of a lane: Philox4x32-10 (Salmon et al. 2011).
  void (*random_words)(std::uint32_t* out, std::uint64_t key, std::uint64_t group,
                       std::uint64_t lane);
  // 64 numbers from as many random words: mean + stddev v in f64, then f32. v ~ N(0, 1) by Box and
  // Muller 1958: out[4 b] and the next are of words b and 16 + b, the two behind of words 32 + b
  // and 48 + b. Bit i of the answer is set where out[i] may not be what the C library's functions
  // give.
  std::uint64_t (*normals)(float* out, const std::uint32_t* words, double mean, double stddev);
  // Numbers `first` to `first` + `count` - 1 of a lane as a mask.
  void (*dropout_mask)(float* out, std::int64_t first, std::int64_t count, const MaskDraw& draw);
  // Adds each column of [rows, width] to out[width].
  void (*column_sums)(const float* x, float* out, std::int64_t rows, std::int64_t width);
  // The largest of each 2 x 2 numbers of two rows of 2 `count`, or the last that is none; and the
  // gradient, which goes to it, or to the first of equal ones.
  void (*max_pool_2x2)(const float* top, const float* bottom, float* out, std::int64_t count);
  void (*max_pool_2x2_gradient)(const float* gradient, const float* top, const float* bottom,
                                float* of_top, float* of_bottom, std::int64_t count);
  // The same of `count` windows of pixels, whose channels lie side by side.
  void (*max_pool_2x2_channels)(const float* top, const float* bottom, float* out,
                                std::int64_t count, std::int64_t channels);
  void (*max_pool_2x2_channels_gradient)(const float* gradient, const float* top,
                                         const float* bottom, float* of_top, float* of_bottom,
                                         std::int64_t count, std::int64_t channels);

  // Of `rows` pixels whose `width` channels lie side by side. Adds to the sums of each channel, in
  // f64: of its numbers, and of their squares.
  void (*channel_moments)(const float* x, double* sum, double* squares, std::int64_t rows,
                          std::int64_t width);
  // y = (x - mean) scale + shift, each [width].
  struct ChannelNorm {
    const float *mean, *scale, *shift;
  };
  void (*channel_norm)(const float* x, const ChannelNorm& by, float* y, std::int64_t rows,
                       std::int64_t width);
  // max(y + added, 0) of that y; `added` may be null.
  void (*channel_norm_relu)(const float* x, const float* added, const ChannelNorm& by, float* out,
                            std::int64_t rows, std::int64_t width);
  // Without `added`: the gradient of y from that of what came out.
  void (*channel_norm_relu_gradient)(const float* gradient, const float* x, const ChannelNorm& by,
                                     float* of_y, std::int64_t rows, std::int64_t width);
  // The same with max_pool_2x2_channels behind it.
  void (*channel_norm_relu_pool)(const float* top, const float* bottom, const ChannelNorm& by,
                                 float* out, std::int64_t count, std::int64_t channels);
  void (*channel_norm_relu_pool_gradient)(const float* gradient, const float* top,
                                          const float* bottom, const ChannelNorm& by, float* of_top,
                                          float* of_bottom, std::int64_t count,
                                          std::int64_t channels);
  // Adds to the sums of each channel, in f64: of the gradient of y, and of it times x - mean.
  void (*channel_norm_sums)(const float* gradient, const float* x, const float* mean, double* sum,
                            double* products, std::int64_t rows, std::int64_t width);
  // out = gradient scale + (x - mean) slope + shift, each [width].
  struct ChannelGradient {
    const float *mean, *scale, *slope, *shift;
  };
  void (*channel_norm_gradient)(const float* gradient, const float* x, const ChannelGradient& by,
                                float* out, std::int64_t rows, std::int64_t width);

  AttentionFunctions attention;
  WinogradFunctions winograd[2];  // of filters of 2 and of 3 points
};

// Those of the fastest kind that may be run, and of one of cpu_kinds().
const RowFunctions& row_functions();
const RowFunctions& row_functions_of(CpuKind kind);

}  // namespace fdl::kernels
