#pragma once

#include <cstdint>

#include "lib/kernels/tiles.h"

// Convolutions over two axes in f32 on matrix tiles, each number in three parts as in cut_gemm.h.
// Images [N, C, H, W] are put in the order of tiles once, and each point of a filter reads them
// from there, moved; no matrix of patches is made. Axis letters: N images, C channels, F filters,
// H and W of the images, P and Q of what comes out, I and J of a filter.
namespace fdl::kernels {

struct ConvAxis {
  std::int64_t in = 0, out = 0, kernel = 1, stride = 1, padding = 0, dilation = 1;
};

struct ConvSize {
  std::int64_t images = 0, channels = 0, filters = 0;
  ConvAxis h, w;
};

enum class ConvPart : std::uint8_t { Forward, InputGradient, WeightGradient };

// Whether tiles take less time than oneDNN, by what both were measured to do; the same for one size
// on every machine with tiles. False too for what is too large to be counted by 32 bits.
bool tiles_pay(const ConvSize& size, ConvPart part);

// The three write all of their last argument, or return false where a number is infinite, none, or
// so large that it can not be cut: then it holds anything. Sums have the same order for every
// number of threads. Memory is contiguous.

// out[N, F, P, Q] = weight[F, C, I, J] over x[N, C, H, W], + bias[F] unless it is null.
bool convolve(const TileFunctions& tiles, const ConvSize& size, const float* x, const float* weight,
              const float* bias, float* out);

// x[N, C, H, W] = the gradient that `out` [N, F, P, Q] gives, + bias[C] unless it is null: what a
// transposed convolution gives.
bool convolve_back(const TileFunctions& tiles, const ConvSize& size, const float* out,
                   const float* weight, const float* bias, float* x);

// gradient[F, C, I, J] of the weight, by x and the gradient of what came out.
bool convolve_weight(const TileFunctions& tiles, const ConvSize& size, const float* x,
                     const float* out, float* gradient);

}  // namespace fdl::kernels
