// How kernels go over images [N, H, W, C] in memory: four channels of many pixels a thread, and sums
// of each channel in one order. Inside epilogue_kernels.cu.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "lib/cuda/epilogue.h"

namespace fdl::cuda {
namespace {

// Division by a number that all threads have alike; of numbers below 2^31. Granlund and Montgomery
// 1994, "Division by invariant integers using multiplication".
struct Divider {
  std::uint32_t by = 1, multiplier = 1, shift = 0;

  Divider() = default;
  explicit Divider(std::int64_t number) : by(static_cast<std::uint32_t>(number)) {
    while ((std::uint64_t{1} << shift) < by) ++shift;
    multiplier = static_cast<std::uint32_t>(
        (((std::uint64_t{1} << shift) - by) << 32) / by + 1);
  }
  __device__ std::int32_t operator()(std::int32_t number) const {
    const auto n = static_cast<std::uint32_t>(number);
    return static_cast<std::int32_t>((__umulhi(n, multiplier) + n) >> shift);
  }
};

// How the threads of a block go over pixels and channels; see EpilogueShares.
struct Walk {
  int lanes, rows;
  std::int64_t pixels, pixels_per_chunk, C;

  Walk(std::int64_t of_pixels, std::int64_t channels, const EpilogueShares& shares)
      : lanes(static_cast<int>(shares.lanes)), rows(static_cast<int>(shares.rows)), pixels(of_pixels),
        pixels_per_chunk(shares.pixels_per_chunk), C(channels) {}
  Walk(std::int64_t of_pixels, std::int64_t channels)
      : Walk(of_pixels, channels, EpilogueShares(of_pixels, channels)) {}
};

// What one thread does: four channels of every rows-th pixel from `first` on.
struct Share {
  std::int64_t channel, first, end;

  __device__ explicit Share(const Walk& walk) {
    const int lane = static_cast<int>(threadIdx.x) % walk.lanes,
              row = static_cast<int>(threadIdx.x) / walk.lanes;
    channel = 4 * (static_cast<std::int64_t>(blockIdx.y) * walk.lanes + lane);
    const std::int64_t begin = blockIdx.x * walk.pixels_per_chunk;
    first = begin + row;
    end = begin + walk.pixels_per_chunk < walk.pixels ? begin + walk.pixels_per_chunk : walk.pixels;
    if (channel >= walk.C) end = first;
  }
};

using Four = float[4];

// Nobody writes in a kernel what it reads so: loads may go before earlier stores.
__device__ void load(Four& to, const float* from) {
  const float4 four = __ldg(reinterpret_cast<const float4*>(from));
  to[0] = four.x, to[1] = four.y, to[2] = four.z, to[3] = four.w;
}
__device__ void load(Four& to, const __nv_bfloat16* from) {
  const uint2 words = __ldg(reinterpret_cast<const uint2*>(from));
  to[0] = __uint_as_float(words.x << 16), to[1] = __uint_as_float(words.x & 0xFFFF0000U);
  to[2] = __uint_as_float(words.y << 16), to[3] = __uint_as_float(words.y & 0xFFFF0000U);
}
__device__ void load(Four& to, const __half* from) {
  const uint2 words = __ldg(reinterpret_cast<const uint2*>(from));
  const float2 first = __half22float2(reinterpret_cast<const __half2&>(words.x)),
               second = __half22float2(reinterpret_cast<const __half2&>(words.y));
  to[0] = first.x, to[1] = first.y, to[2] = second.x, to[3] = second.y;
}
__device__ void load_or(Four& to, const float* from, std::int64_t at, float otherwise) {
  if (from != nullptr) return load(to, from + at);
  for (float& one : to) one = otherwise;
}
// Several loads under way at once hide how long each takes.
constexpr int kAtOnce = 4;

__device__ void store(float* to, const Four& from) {
  *reinterpret_cast<float4*>(to) = float4{from[0], from[1], from[2], from[3]};
}
__device__ void store(__nv_bfloat16* to, const Four& from) {
  __nv_bfloat162 pairs[2] = {__floats2bfloat162_rn(from[0], from[1]),
                             __floats2bfloat162_rn(from[2], from[3])};
  *reinterpret_cast<uint2*>(to) = reinterpret_cast<const uint2&>(pairs);
}
__device__ void store(__half* to, const Four& from) {
  __half2 pairs[2] = {__floats2half2_rn(from[0], from[1]), __floats2half2_rn(from[2], from[3])};
  *reinterpret_cast<uint2*>(to) = reinterpret_cast<const uint2&>(pairs);
}

// Images of a step whose type is T.
template <typename T>
__device__ const T* images(const void* of) {
  return static_cast<const T*>(of);
}
__device__ void load_bytes(std::uint8_t (&to)[4], const std::uint8_t* from) {
  const uchar4 four = __ldg(reinterpret_cast<const uchar4*>(from));
  to[0] = four.x, to[1] = four.y, to[2] = four.z, to[3] = four.w;
}

// Two sums of each channel. Some pixels are added up in f32, these in f64.
struct Sums {
  static constexpr int kStretch = 4 * kAtOnce;
  double all[8] = {};

  __device__ void add(const Four& first, const Four& second) {
    for (int i = 0; i < 4; ++i) all[i] += first[i], all[4 + i] += second[i];
  }

  // Those of the block, to sums[chunk][2][C].
  __device__ void write(const Walk& walk, double* sums) const {
    __shared__ double of_threads[256 * 8];
    for (int i = 0; i < 8; ++i) of_threads[threadIdx.x * 8 + i] = all[i];
    __syncthreads();
    for (int t = static_cast<int>(threadIdx.x); t < walk.lanes * 8; t += static_cast<int>(blockDim.x)) {
      const int lane = t / 8, which = t % 8;
      double sum = 0;
      for (int row = 0; row < walk.rows; ++row) sum += of_threads[(row * walk.lanes + lane) * 8 + which];
      const std::int64_t channel =
          4 * (static_cast<std::int64_t>(blockIdx.y) * walk.lanes + lane) + which % 4;
      if (channel < walk.C) sums[(blockIdx.x * 2 + which / 4) * walk.C + channel] = sum;
    }
  }
};

constexpr int kColumns = 32, kSharers = 32;

struct Pair {
  double first, second;
};

// Both sums of a channel over all chunks, in one order; in the threads with threadIdx.y 0.
__device__ Pair totals(const double* sums, std::int64_t chunks, std::int64_t C, std::int64_t channel) {
  __shared__ Pair all[kSharers][kColumns + 1];
  Pair own = {0, 0};
  for (std::int64_t chunk = threadIdx.y; chunk < chunks && channel < C; chunk += kSharers) {
    own.first += sums[chunk * 2 * C + channel];
    own.second += sums[(chunk * 2 + 1) * C + channel];
  }
  all[threadIdx.y][threadIdx.x] = own;
  __syncthreads();
  if (threadIdx.y != 0) return own;
  for (int s = 1; s < kSharers; ++s) {
    own.first += all[s][threadIdx.x].first;
    own.second += all[s][threadIdx.x].second;
  }
  return own;
}

}  // namespace
}  // namespace fdl::cuda
