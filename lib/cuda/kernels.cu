// Dropout masks are number by number those of lib/kernels/philox.inc.
#include "lib/cuda/kernels.h"

#include <cuda_bf16.h>

namespace fdl::cuda {
namespace {

// As fdl::tensor::StreamKey has it: Steele, Lea and Flood 2014.
__device__ std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}
__device__ std::uint64_t with(std::uint64_t key, std::uint64_t number) {
  return mix(mix(key + 0x9E3779B97F4A7C15U) + number);
}

__device__ uint4 philox(std::uint64_t key, std::uint64_t index, std::uint64_t lane) {
  auto key0 = static_cast<std::uint32_t>(key), key1 = static_cast<std::uint32_t>(key >> 32);
  uint4 x = {static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
             static_cast<std::uint32_t>(lane), static_cast<std::uint32_t>(lane >> 32)};
  for (int round = 0; round < 10; ++round) {
    const std::uint32_t a_low = 0xD2511F53U * x.x, a_high = __umulhi(0xD2511F53U, x.x);
    const std::uint32_t b_low = 0xCD9E8D57U * x.z, b_high = __umulhi(0xCD9E8D57U, x.z);
    x = {b_high ^ x.y ^ key0, b_low, a_high ^ x.w ^ key1, a_low};
    key0 += 0x9E3779B9U;
    key1 += 0xBB67AE85U;
  }
  return x;
}

// The words of a row's block.
__device__ uint4 words_of(const Draw& draw, std::int64_t row, std::int64_t block) {
  const std::uint64_t step = draw.step_on_device != nullptr
                                 ? static_cast<std::uint64_t>(*draw.step_on_device)
                                 : draw.step;
  std::uint64_t key =
      with(with(with(draw.node_key, step), draw.micro_batch), draw.loop_turn);
  if (draw.has_place) key = with(key, draw.place);
  const std::int64_t lane = draw.lanes != nullptr ? draw.lanes[row] : draw.first_lane + row;
  return philox(key, static_cast<std::uint64_t>(block), static_cast<std::uint64_t>(lane));
}

// One thread a block of four words. Number i of a row is word (i % 64) / 16 of block
// 16 (i / 64) + i % 16, so neighbours write side by side.
__global__ void mask_kernel(float* out, std::int64_t row_elements, std::int64_t blocks_per_row,
                            MaskDraw draw) {
  const std::int64_t number = blockIdx.x * static_cast<std::int64_t>(blockDim.x) + threadIdx.x;
  if (number >= blocks_per_row * draw.num_rows) return;
  const std::int64_t row = number / blocks_per_row, block = number % blocks_per_row;
  const uint4 words = words_of(draw, row, block);
  const std::uint32_t four[4] = {words.x, words.y, words.z, words.w};
  const std::int64_t first = block / 16 * 64 + block % 16;
  float* const to = out + row * row_elements;
  for (int w = 0; w < 4; ++w) {
    const std::int64_t at = first + 16 * w;
    if (at < row_elements) to[at] = four[w] < draw.threshold ? 0.0F : draw.kept;
  }
}

// One thread a number, by the words of fdl::tensor::RandomStream one after the other.
__global__ void noise_kernel(double* out, std::int64_t row_elements, Noise noise, Draw draw) {
  const std::int64_t at = blockIdx.x * static_cast<std::int64_t>(blockDim.x) + threadIdx.x;
  if (at >= row_elements * draw.num_rows) return;
  const std::int64_t row = at / row_elements, i = at % row_elements;
  const int per_block = noise == Noise::Normal ? 2 : 4;
  const uint4 words = words_of(draw, row, i / per_block);
  const std::uint32_t four[4] = {words.x, words.y, words.z, words.w};
  if (noise == Noise::Normal) {
    // Box and Muller 1958.
    const double a = four[i % 2 * 2], b = four[i % 2 * 2 + 1];
    out[at] = sqrt(-2 * log((a + 1.0) * 0x1p-32)) * cospi(2 * (b * 0x1p-32));
    return;
  }
  const double uniform = four[i % 4] * 0x1p-32;
  out[at] = noise == Noise::Uniform ? uniform : -log(-log(uniform + 0x1p-33));
}

}  // namespace

cudaError_t launch_noise(double* out, std::int64_t row_elements, Noise noise, const Draw& draw,
                         cudaStream_t stream) {
  constexpr int kThreads = 256;
  const std::int64_t count = row_elements * draw.num_rows;
  if (count == 0) return cudaSuccess;
  noise_kernel<<<static_cast<unsigned>((count + kThreads - 1) / kThreads), kThreads, 0, stream>>>(
      out, row_elements, noise, draw);
  return cudaGetLastError();
}

cudaError_t launch_mask(float* out, std::int64_t row_elements, const MaskDraw& draw,
                        cudaStream_t stream) {
  constexpr int kThreads = 256;
  const std::int64_t blocks_per_row = (row_elements + 63) / 64 * 16;
  const std::int64_t count = blocks_per_row * draw.num_rows;
  if (count == 0) return cudaSuccess;
  mask_kernel<<<static_cast<unsigned>((count + kThreads - 1) / kThreads), kThreads, 0, stream>>>(
      out, row_elements, blocks_per_row, draw);
  return cudaGetLastError();
}

namespace {

__global__ void start_kernel(StepStart start) {
  *start.lr = *start.lr_here;
  *start.scale = *start.scale_here;
  *start.step = *start.step_here;
  *start.skips = 0;
  *start.counts = 1;
}

// Bytes that a block copies.
constexpr std::int64_t kPiece = 1 << 14;

// The piece of the block at hand, of stretches that are cut up one after the other.
struct Piece {
  int of = 0;
  std::int64_t at = 0;

  __device__ Piece(const std::int64_t* sizes, std::int64_t piece) : at(blockIdx.x) {
    for (;; ++of) {
      const std::int64_t pieces = (sizes[of] + piece - 1) / piece;
      if (at < pieces) break;
      at -= pieces;
    }
  }
};

__global__ void copies_kernel(Copies copies) {
  const Piece own(copies.bytes, kPiece);
  const auto* const from = static_cast<const char*>(copies.from[own.of]) + own.at * kPiece;
  auto* const to = static_cast<char*>(copies.to[own.of]) + own.at * kPiece;
  const std::int64_t rest = copies.bytes[own.of] - own.at * kPiece;
  const auto count = static_cast<int>(rest < kPiece ? rest : kPiece);
  const auto threads = static_cast<int>(blockDim.x), first = static_cast<int>(threadIdx.x);
  const bool is_aligned =
      (reinterpret_cast<std::uintptr_t>(from) | reinterpret_cast<std::uintptr_t>(to)) % sizeof(uint4) == 0;
  const int words = is_aligned ? count / static_cast<int>(sizeof(uint4)) : 0;
  for (int i = first; i < words; i += threads)
    reinterpret_cast<uint4*>(to)[i] = reinterpret_cast<const uint4*>(from)[i];
  for (int i = words * static_cast<int>(sizeof(uint4)) + first; i < count; i += threads) to[i] = from[i];
}

// Elements that a block looks at.
constexpr std::int64_t kStretch = 1 << 14;

__global__ void find_not_finite_kernel(Stretches stretches, float* skips, float* counts) {
  const Piece own(stretches.num_elements, kStretch);
  const float* const from = stretches.at[own.of] + own.at * kStretch;
  const std::int64_t rest = stretches.num_elements[own.of] - own.at * kStretch;
  const auto count = static_cast<int>(rest < kStretch ? rest : kStretch);
  bool is_finite = true;
  const auto threads = static_cast<int>(blockDim.x), first = static_cast<int>(threadIdx.x);
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(from) % sizeof(float4) == 0;
  const int fours = is_aligned ? count / 4 : 0;
#pragma unroll 4
  for (int k = first; k < fours; k += threads) {
    const float4 four = __ldg(reinterpret_cast<const float4*>(from) + k);
    // A difference is 0 but of numbers that are not finite.
    is_finite = is_finite && four.x - four.x + (four.y - four.y) + (four.z - four.z) + (four.w - four.w) == 0;
  }
  for (int k = 4 * fours + first; k < count; k += threads) is_finite = is_finite && isfinite(from[k]);
  if (is_finite) return;
  *skips = 1;  // whoever writes, writes the same
  *counts = 0;
}

struct MaxSum {
  float largest, sum;
};

__device__ MaxSum merged(MaxSum a, MaxSum b) {
  if (b.sum == 0) return a;  // nothing yet
  if (a.sum == 0) return b;
  const float largest = fmaxf(a.largest, b.largest);
  return {largest, a.sum * expf(a.largest - largest) + b.sum * expf(b.largest - largest)};
}

constexpr int kBlock = 256, kWarp = 32;

// What `kThreads` threads of a row have, together; in all of them.
template <int kThreads>
__device__ MaxSum all_of_row(MaxSum own) {
  for (int far = kWarp / 2; far > 0; far /= 2) {
    own = merged(own, {__shfl_xor_sync(0xFFFFFFFFU, own.largest, far),
                       __shfl_xor_sync(0xFFFFFFFFU, own.sum, far)});
  }
  if (kThreads == kWarp) return own;
  __shared__ MaxSum of_warps[kBlock / kWarp];
  if (threadIdx.x % kWarp == 0) of_warps[threadIdx.x / kWarp] = own;
  __syncthreads();
  own = of_warps[0];
  for (int w = 1; w < kBlock / kWarp; ++w) own = merged(own, of_warps[w]);
  return own;
}

template <int kThreads>
__device__ double sum_of_row(double own) {
  for (int far = kWarp / 2; far > 0; far /= 2) own += __shfl_xor_sync(0xFFFFFFFFU, own, far);
  if (kThreads == kWarp) return own;
  __shared__ double of_warps[kBlock / kWarp];
  if (threadIdx.x % kWarp == 0) of_warps[threadIdx.x / kWarp] = own;
  __syncthreads();
  own = 0;
  for (int w = 0; w < kBlock / kWarp; ++w) own += of_warps[w];
  return own;
}

// `kThreads` of a block share a row.
template <int kThreads>
__global__ void softmax_rows_kernel(SoftmaxLossTask task) {
  const std::int64_t row =
      blockIdx.x * static_cast<std::int64_t>(kBlock / kThreads) + threadIdx.x / kThreads;
  if (row >= task.N) return;  // whole warps, or whole blocks
  const int place = static_cast<int>(threadIdx.x) % kThreads;
  const float* const x = task.scores + row * task.C;
  MaxSum own = {-INFINITY, 0};
  double all = 0;
  bool has_nan = false;
  for (std::int64_t c = place; c < task.C; c += kThreads) {
    const float score = x[c];
    has_nan = has_nan || isnan(score);
    if (score > own.largest) {
      own.sum = own.sum * expf(own.largest - score) + 1;
      own.largest = score;
    } else if (score > -INFINITY) {
      own.sum += expf(score - own.largest);
    }
    all += score;
  }
  if (has_nan) own = {NAN, NAN};
  own = all_of_row<kThreads>(own);
  if (task.smoothing != 0) all = sum_of_row<kThreads>(all);
  if (place != 0) return;
  task.largest[row] = own.largest;
  task.sum[row] = own.sum;
  const std::int64_t target = task.truth[row];
  double loss = 0;
  if (target != task.ignored) {
    const bool is_class = target >= 0 && target < task.C;
    const double whole = static_cast<double>(own.largest) + log(static_cast<double>(own.sum));
    loss = is_class ? whole - x[target] : NAN;
    if (task.smoothing != 0)
      loss = (1 - task.smoothing) * loss + task.smoothing * (whole - all / static_cast<double>(task.C));
  }
  task.losses[row] = loss;
}

// One block: in the same order each time.
__global__ void sum_losses_kernel(SoftmaxLossTask task) {
  double sum = 0, count = 0;
  for (std::int64_t row = threadIdx.x; row < task.N; row += kBlock) {
    sum += task.losses[row];
    count += task.truth[row] != task.ignored;
  }
  sum = sum_of_row<kBlock>(sum);
  __syncthreads();
  count = sum_of_row<kBlock>(count);
  if (threadIdx.x != 0) return;
  *task.value = static_cast<float>(task.is_mean ? sum / count : sum);
  *task.count = count;
}

template <int kThreads>
__global__ void softmax_gradient_kernel(SoftmaxLossTask task, const float* given, float* gradient) {
  const std::int64_t row =
      blockIdx.x * static_cast<std::int64_t>(kBlock / kThreads) + threadIdx.x / kThreads;
  if (row >= task.N) return;
  const float *x = task.scores + row * task.C, largest = task.largest[row];
  float* const g = gradient + row * task.C;
  const std::int64_t target = task.truth[row];
  const bool counts = target != task.ignored;
  const float factor = task.is_mean ? *given / static_cast<float>(*task.count) : *given;
  const float part = factor / task.sum[row], own = factor * (1 - task.smoothing);
  const float spread = factor * task.smoothing / static_cast<float>(task.C);
  for (std::int64_t c = threadIdx.x % kThreads; c < task.C; c += kThreads) {
    const float slope = expf(x[c] - largest) * part - spread - (c == target ? own : 0);
    g[c] = counts ? slope : 0;
  }
}

// Below, a warp is enough for a row.
constexpr std::int64_t kWideRow = 1024;
unsigned blocks_of_rows(std::int64_t rows, std::int64_t rows_per_block) {
  return static_cast<unsigned>((rows + rows_per_block - 1) / rows_per_block);
}

}  // namespace

cudaError_t launch_start(const StepStart& start, cudaStream_t stream) {
  start_kernel<<<1, 1, 0, stream>>>(start);
  return cudaGetLastError();
}

cudaError_t launch_find_not_finite(const Stretches& stretches, float* skips, float* counts,
                                   cudaStream_t stream) {
  std::int64_t blocks = 0;
  for (int i = 0; i < stretches.count; ++i)
    blocks += (stretches.num_elements[i] + kStretch - 1) / kStretch;
  if (blocks == 0) return cudaSuccess;
  find_not_finite_kernel<<<static_cast<unsigned>(blocks), 512, 0, stream>>>(stretches, skips,
                                                                           counts);
  return cudaGetLastError();
}

cudaError_t launch_copies(const Copies& copies, cudaStream_t stream) {
  std::int64_t blocks = 0;
  for (int i = 0; i < copies.count; ++i) blocks += (copies.bytes[i] + kPiece - 1) / kPiece;
  if (blocks == 0) return cudaSuccess;
  copies_kernel<<<static_cast<unsigned>(blocks), 128, 0, stream>>>(copies);
  return cudaGetLastError();
}

cudaError_t launch_softmax_loss(const SoftmaxLossTask& task, cudaStream_t stream) {
  if (task.C <= kWideRow)
    softmax_rows_kernel<kWarp>
        <<<blocks_of_rows(task.N, kBlock / kWarp), kBlock, 0, stream>>>(task);
  else
    softmax_rows_kernel<kBlock><<<blocks_of_rows(task.N, 1), kBlock, 0, stream>>>(task);
  sum_losses_kernel<<<1, kBlock, 0, stream>>>(task);
  return cudaGetLastError();
}

cudaError_t launch_softmax_loss_gradient(const SoftmaxLossTask& task, const float* given,
                                         float* gradient, cudaStream_t stream) {
  if (task.C <= kWideRow)
    softmax_gradient_kernel<kWarp>
        <<<blocks_of_rows(task.N, kBlock / kWarp), kBlock, 0, stream>>>(task, given, gradient);
  else
    softmax_gradient_kernel<kBlock>
        <<<blocks_of_rows(task.N, 1), kBlock, 0, stream>>>(task, given, gradient);
  return cudaGetLastError();
}

namespace {

__global__ void write_kernel(Scalars scalars, double* out) {
  const int i = threadIdx.x;
  if (i >= scalars.count) return;
  const void* const from = scalars.at[i];
  switch (scalars.kinds[i]) {
    case Scalars::Kind::F32:
      out[i] = *static_cast<const float*>(from);
      break;
    case Scalars::Kind::F64:
      out[i] = *static_cast<const double*>(from);
      break;
    case Scalars::Kind::I64:
      out[i] = static_cast<double>(*static_cast<const std::int64_t*>(from));
      break;
  }
}

}  // namespace

cudaError_t launch_write(const Scalars& scalars, double* out, cudaStream_t stream) {
  write_kernel<<<1, Scalars::kMost, 0, stream>>>(scalars, out);
  return cudaGetLastError();
}

namespace {

// Two numbers of bf16 in a word.
__device__ std::uint32_t together(__nv_bfloat16 a, __nv_bfloat16 b) {
  return static_cast<std::uint32_t>(__bfloat16_as_ushort(b)) << 16 | __bfloat16_as_ushort(a);
}

// What x is nearest to; large numbers are cut off, as rounding would make them infinite.
__device__ __nv_bfloat16 nearest(float x) {
  constexpr float kLargest = 3.38953139e38F;
  return fabsf(x) < kLargest ? __float2bfloat16_rn(x) : __float2bfloat16_rz(x);
}

// A thread has four neighbours of a row.
__global__ void split_kernel(const float4* x, std::int64_t num_fours, std::int64_t fours_per_row,
                             std::int64_t rows, bool is_along_rows, SplitParts parts, uint2* out) {
  const std::int64_t at = blockIdx.x * static_cast<std::int64_t>(blockDim.x) + threadIdx.x;
  if (at >= num_fours) return;
  const float4 four = x[at];
  const float values[4] = {four.x, four.y, four.z, four.w};
  __nv_bfloat16 split[3][4];
  for (int i = 0; i < 4; ++i) {
    float rest = values[i];
    for (int p = 0; p < 3; ++p) {
      split[p][i] = nearest(rest);
      // An infinite number has no rest: it would be none.
      rest = isfinite(values[i]) ? rest - __bfloat162float(split[p][i]) : 0;
    }
  }
  const std::int64_t row = at / fours_per_row, place = at % fours_per_row;
#pragma unroll
  for (int slot = 0; slot < 6; ++slot) {
    if (slot >= parts.count) break;
    const int p = parts.which[slot];
    const uint2 words = p == 0   ? uint2{together(split[0][0], split[0][1]), together(split[0][2], split[0][3])}
                        : p == 1 ? uint2{together(split[1][0], split[1][1]), together(split[1][2], split[1][3])}
                                 : uint2{together(split[2][0], split[2][1]), together(split[2][2], split[2][3])};
    const std::int64_t to = is_along_rows ? (slot * rows + row) * fours_per_row + place
                                          : (row * parts.count + slot) * fours_per_row + place;
    out[to] = words;
  }
}

}  // namespace

cudaError_t launch_split(const float* x, std::int64_t rows, std::int64_t columns,
                         bool is_along_rows, const SplitParts& parts, void* out,
                         cudaStream_t stream) {
  constexpr int kThreads = 256;
  const std::int64_t num_fours = rows * columns / 4;
  split_kernel<<<static_cast<unsigned>((num_fours + kThreads - 1) / kThreads), kThreads, 0,
                 stream>>>(reinterpret_cast<const float4*>(x), num_fours, columns / 4, rows,
                           is_along_rows, parts, static_cast<uint2*>(out));
  return cudaGetLastError();
}

}  // namespace fdl::cuda
