// An update is two kernels. The first has a thread for each parameter: what its elements share
// takes powers in f64, and moves the numbers of its state. The second goes over the elements of all
// parameters. Neither asks the CPU for anything, so both can be recorded.
#include "lib/cuda/update_kernels.h"

#include <cstring>
#include <type_traits>
#include <utility>

#include "lib/cuda/updates.h"

namespace fdl::cuda {
namespace {

// Parameters of one launch: what a kernel is given may have 4 KB on every GPU.
constexpr int kMostParts = 80;
constexpr std::size_t kMostBytes = 4000;

// What the first kernel needs to know of them.
template <int kNumbers>
struct Counted {
  struct One {
    const float* step;
    float* numbers[kNumbers > 0 ? kNumbers : 1];
  };
  One of[kMostParts];
  int count;
};

// And the second.
template <int kSlots>
struct Parts {
  struct One {
    float* parameter;
    const float* gradient;
    float* slots[kSlots];
    std::int64_t num_elements;
  };
  One of[kMostParts];
};

struct Rate {
  float lr;
  const float* lr_on_device;
};

__device__ bool is_skipped(const float* skips) { return skips != nullptr && *skips != 0; }

template <typename Rule>
__global__ void prepare_kernel(const __grid_constant__ Counted<Rule::kNumbers> parameters,
                               Rule rule, Rate rate, const float* skips,
                               typename Rule::Update* prepared) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= parameters.count || is_skipped(skips)) return;
  const float lr = rate.lr_on_device != nullptr ? *rate.lr_on_device : rate.lr;
  prepared[i] = rule.prepare(lr, *parameters.of[i].step, parameters.of[i].numbers);
}

// Elements of a block, and of a thread at a time. The first is a multiple of the second, so that a
// block begins where its parameter is aligned.
constexpr int kChunk = 4096, kFour = 4, kThreads = 256;

struct alignas(16) Four {
  float of[kFour];
};

// `whole`: all four are there, and lie as a load of 16 bytes needs it.
__device__ Four load(const float* from, int count, bool whole) {
  if (whole) return *reinterpret_cast<const Four*>(from);
  Four out = {};
#pragma unroll
  for (int k = 0; k < kFour; ++k) {
    if (k < count) out.of[k] = from[k];
  }
  return out;
}

__device__ void store(float* to, const Four& four, int count, bool whole) {
  if (whole) {
    *reinterpret_cast<Four*>(to) = four;
    return;
  }
#pragma unroll
  for (int k = 0; k < kFour; ++k) {
    if (k < count) to[k] = four.of[k];
  }
}

template <typename Update, int kSlots, std::size_t... kIndices>
__device__ void update_four(const Update& update, Four& parameter, const Four& gradient,
                            Four (&slots)[kSlots], std::index_sequence<kIndices...>) {
#pragma unroll
  for (int k = 0; k < kFour; ++k) update(parameter.of[k], gradient.of[k], slots[kIndices].of[k]...);
}

template <typename One, int kSlots>
__device__ bool lies_aligned(const One& part, std::integral_constant<int, kSlots>) {
  auto places = reinterpret_cast<std::uintptr_t>(part.parameter) |
                reinterpret_cast<std::uintptr_t>(part.gradient);
#pragma unroll
  for (int s = 0; s < kSlots; ++s) places |= reinterpret_cast<std::uintptr_t>(part.slots[s]);
  return places % sizeof(Four) == 0;
}

// However they lie, all elements go through the same arithmetic: the bits are the same.
template <typename Rule>
__global__ void update_kernel(const __grid_constant__ Parts<Rule::kSlots> parts,
                              const typename Rule::Update* prepared, const float* skips) {
  if (is_skipped(skips)) return;
  constexpr int kSlots = Rule::kSlots;
  int i = 0;
  std::int64_t chunk = blockIdx.x;
  for (;; ++i) {
    const std::int64_t chunks = (parts.of[i].num_elements + kChunk - 1) / kChunk;
    if (chunk < chunks) break;
    chunk -= chunks;
  }
  const auto& part = parts.of[i];
  const typename Rule::Update update = prepared[i];
  const bool is_aligned = lies_aligned(part, std::integral_constant<int, kSlots>());
  const std::int64_t first = chunk * kChunk, rest = part.num_elements - first;
  const int count = rest < kChunk ? static_cast<int>(rest) : kChunk;
  for (int k = kFour * static_cast<int>(threadIdx.x); k < count; k += kFour * kThreads) {
    const std::int64_t at = first + k;
    const int here = count - k;
    const bool whole = is_aligned && here >= kFour;
    Four parameter = load(part.parameter + at, here, whole), slots[kSlots];
    const Four gradient = load(part.gradient + at, here, whole);
#pragma unroll
    for (int s = 0; s < kSlots; ++s) slots[s] = load(part.slots[s] + at, here, whole);
    update_four(update, parameter, gradient, slots, std::make_index_sequence<kSlots>());
    store(part.parameter + at, parameter, here, whole);
#pragma unroll
    for (int s = 0; s < kSlots; ++s) store(part.slots[s] + at, slots[s], here, whole);
  }
}

template <typename Rule>
cudaError_t launch_some(const Rule& rule, const UpdateTask& task,
                        std::span<const UpdatePlace> places, typename Rule::Update* prepared,
                        cudaStream_t stream) {
  Counted<Rule::kNumbers> counted;
  Parts<Rule::kSlots> parts;
  counted.count = static_cast<int>(places.size());
  std::int64_t blocks = 0;  // of 16 KB of parameters each: their number fits, whatever the memory
  for (std::size_t i = 0; i < places.size(); ++i) {
    const UpdatePlace& place = places[i];
    counted.of[i].step = place.step;
    for (int n = 0; n < Rule::kNumbers; ++n) counted.of[i].numbers[n] = place.numbers[n];
    parts.of[i].parameter = place.parameter;
    parts.of[i].gradient = place.gradient;
    for (int s = 0; s < Rule::kSlots; ++s) parts.of[i].slots[s] = place.slots[s];
    parts.of[i].num_elements = place.num_elements;
    blocks += (place.num_elements + kChunk - 1) / kChunk;
  }
  constexpr int kFew = 32;  // more multiprocessors take part
  prepare_kernel<Rule>
      <<<static_cast<unsigned>((counted.count + kFew - 1) / kFew), kFew, 0, stream>>>(
          counted, rule, {task.lr, task.lr_on_device}, task.skips, prepared);
  if (blocks > 0)
    update_kernel<Rule>
        <<<static_cast<unsigned>(blocks), kThreads, 0, stream>>>(parts, prepared, task.skips);
  return cudaGetLastError();
}

template <typename Rule>
cudaError_t launch_all(const UpdateTask& task, void* prepared, cudaStream_t stream) {
  using Update = typename Rule::Update;
  static_assert(std::is_trivially_copyable_v<Rule> && std::is_trivially_copyable_v<Update>);
  static_assert(sizeof(Update) <= kPreparedBytes);
  static_assert(sizeof(Parts<Rule::kSlots>) <= kMostBytes);
  static_assert(Rule::kSlots <= UpdatePlace::kMostSlots);
  static_assert(Rule::kNumbers <= UpdatePlace::kMostNumbers);
  if (task.rule.size() != sizeof(Rule)) return cudaErrorInvalidValue;
  Rule rule;
  std::memcpy(&rule, task.rule.data(), sizeof(Rule));
  auto* of_some = static_cast<Update*>(prepared);
  for (std::span<const UpdatePlace> left = task.places; !left.empty();) {
    const auto some = left.first(left.size() < kMostParts ? left.size() : kMostParts);
    const cudaError_t failed = launch_some<Rule>(rule, task, some, of_some, stream);
    if (failed != cudaSuccess) return failed;
    of_some += some.size();
    left = left.subspan(some.size());
  }
  return cudaSuccess;
}

}  // namespace

cudaError_t launch_update(const UpdateTask& task, void* prepared, cudaStream_t stream) {
  switch (task.kind) {
#define FDL_UPDATE(header, Rule) \
  case UpdateKind::Rule:         \
    return launch_all<updates::Rule>(task, prepared, stream);
#include "lib/cuda/updates.inc"
#undef FDL_UPDATE
  }
  return cudaErrorInvalidValue;
}

}  // namespace fdl::cuda
