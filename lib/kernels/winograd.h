#pragma once

#include <cstdint>

#include "lib/kernels/cut_conv.h"
#include "lib/kernels/rows.h"

// Convolutions over two axes in f32 by fewer products than their formula has: F(2 x 2, R x R) of
// Lavin and Gray 2016 (arXiv:1509.09308), after Winograd. A filter of 3 x 3 points takes 16
// products of matrices for each 2 x 2 places where point by point it takes 36. One of 4 x 4 that
// goes on by 2 is four of 2 x 2, one for each of its phases: every other row and column of what it
// reads; it takes 36 where point by point it takes 64. Images and what comes out have their
// channels last in memory, a weight [F, C, I, J] lies in the usual order. Axis letters as in
// cut_conv.h.
namespace fdl::kernels {

// Whether it can be done, and takes less time than oneDNN, by what both were measured to do
// (docs/adr/0077).
bool winograd_fits(const ConvSize& size, const RowFunctions& by = row_functions());
bool winograd_pays(const ConvSize& size);

// Numbers of memory that each of the three needs as `scratch`: the points of the weight. It begins
// at a cache's line. Each takes some 1 MB for each thread beside it, more where a row of tiles or
// their channels are many.
std::int64_t winograd_scratch(const ConvSize& size);

// The three write all of their last argument but one, or return false where a number of it would be
// infinite or none: then it holds anything. Sums have the same order for one number of threads. A
// bias, [F] or [C], may be null.

// out[N, P, Q, F] of x[N, H, W, C].
bool convolve_winograd(const RowFunctions& by, const ConvSize& size, const float* x,
                       const float* weight, const float* bias, float* out, float* scratch);
// x[N, H, W, C] = the gradient that `out` gives: what a transposed convolution gives.
bool convolve_winograd_back(const RowFunctions& by, const ConvSize& size, const float* out,
                            const float* weight, const float* bias, float* x, float* scratch);
// gradient[F, C, I, J] of the weight, by x and the gradient of what came out.
bool convolve_winograd_weight(const RowFunctions& by, const ConvSize& size, const float* x,
                              const float* out, float* gradient, float* scratch);

}  // namespace fdl::kernels
