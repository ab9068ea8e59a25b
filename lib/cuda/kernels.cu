// Dropout masks are number by number those of lib/kernels/philox.inc.
#include "lib/cuda/kernels.h"

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

// One thread a block of four words. Number i of a row is word (i % 64) / 16 of block
// 16 (i / 64) + i % 16, so neighbours write side by side.
__global__ void mask_kernel(float* out, std::int64_t row_elements, std::int64_t blocks_per_row,
                            MaskDraw draw) {
  const std::int64_t number = blockIdx.x * static_cast<std::int64_t>(blockDim.x) + threadIdx.x;
  if (number >= blocks_per_row * draw.num_rows) return;
  const std::uint64_t step = draw.step_on_device != nullptr
                                 ? static_cast<std::uint64_t>(*draw.step_on_device)
                                 : draw.step;
  std::uint64_t key =
      with(with(with(draw.node_key, step), draw.micro_batch), draw.loop_turn);
  if (draw.has_place) key = with(key, draw.place);
  const std::int64_t row = number / blocks_per_row, block = number % blocks_per_row;
  const std::int64_t lane = draw.lanes != nullptr ? draw.lanes[row] : draw.first_lane + row;
  const uint4 words = philox(key, static_cast<std::uint64_t>(block), static_cast<std::uint64_t>(lane));
  const std::uint32_t four[4] = {words.x, words.y, words.z, words.w};
  const std::int64_t first = block / 16 * 64 + block % 16;
  float* const to = out + row * row_elements;
  for (int w = 0; w < 4; ++w) {
    const std::int64_t at = first + 16 * w;
    if (at < row_elements) to[at] = four[w] < draw.threshold ? 0.0F : draw.kept;
  }
}

}  // namespace

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

}  // namespace fdl::cuda
