#pragma once

#include <cmath>

// The rules in lib/cuda/updates are compiled for the CPU and, by nvcc, for GPUs: plain numbers and
// arithmetic, and of the standard library only what both have.
#ifdef __CUDACC__
#define FDL_HOST_DEVICE __host__ __device__
#else
#define FDL_HOST_DEVICE
#endif

// A rule is a struct of settings, copied byte by byte, with
//   kSlots, kNumbers  how many numbers of state an element has, and a parameter
//   Update            what the elements of one parameter share in one step; `update(parameter,
//                     gradient, slots...)` is the update of an element
//   prepare           makes it of the learning rate and the parameter's number of updates with this
//                     one, and moves the numbers of its state
// and, where a schedule may move it, `momentum`.
namespace fdl::cuda::updates {

// `lerp` as libtorch computes it: from `a` towards `b`.
FDL_HOST_DEVICE inline float towards(float a, float b, float share) {
  return share < 0.5F ? a + share * (b - a) : b - (b - a) * (1 - share);
}

FDL_HOST_DEVICE inline float sign(float x) { return static_cast<float>((x > 0) - (x < 0)); }

}  // namespace fdl::cuda::updates
