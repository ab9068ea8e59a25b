#include "lib/train/machine_limits.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <malloc.h>

#include <ATen/ops/linspace.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <c10/core/CachingDeviceAllocator.h>

#include "lib/cuda/backend.h"

namespace fdl::train {
namespace {

using Clock = std::chrono::steady_clock;

// For each rate. The first time is slow, and one more is taken at least.
constexpr double kSeconds = 0.1;

// Large enough for full speed, and on a CPU small enough for one thread of a slow one.
std::int64_t product_rows(at::Device device) { return device.is_cpu() ? 1024 : 4096; }

// Larger than caches; as much again is written.
std::int64_t copied_bytes(at::Device device) {
  return device.is_cpu() ? std::int64_t{64} << 20 : std::int64_t{512} << 20;
}

void wait_for(at::Device device) {
  if (!device.is_cpu()) cuda::backend().wait();
}

template <typename Work>
double least_seconds(at::Device device, Work work) {
  double least = std::numeric_limits<double>::infinity(), spent = 0;
  for (int i = 0; i < 2 || spent < kSeconds; ++i) {
    wait_for(device);
    const Clock::time_point start = Clock::now();
    work();
    wait_for(device);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    least = std::min(least, seconds);
    spent += seconds;
  }
  return least;
}

double products_gflop_per_s(at::Device device) {
  const std::int64_t n = product_rows(device);
  const auto options = at::TensorOptions(device).dtype(at::kFloat);
  // No zeros: some processors are faster with them.
  const at::Tensor a = at::linspace(-1, 1, n * n, options).view({n, n});
  at::Tensor out = at::zeros({n, n}, options);
  const double seconds = least_seconds(device, [&] { at::mm_out(out, a, a); });
  const auto rows = static_cast<double>(n);
  return 2 * rows * rows * rows / seconds / 1e9;
}

double memory_gb_per_s(at::Device device) {
  const auto options = at::TensorOptions(device).dtype(at::kFloat);
  const std::int64_t num_bytes = copied_bytes(device);
  const std::int64_t num = num_bytes / static_cast<std::int64_t>(sizeof(float));
  const at::Tensor from = at::linspace(-1, 1, num, options), to = at::zeros({num}, options);
  const double seconds = least_seconds(device, [&] { to.copy_(from); });
  return 2 * static_cast<double>(num_bytes) / seconds / 1e9;
}

// As if nothing had been measured: neither this process nor the GPU's peak shows it.
void give_back_memory(at::Device device) {
  if (device.is_cpu()) {
    ::malloc_trim(0);
    return;
  }
  c10::DeviceAllocator* allocator = c10::getDeviceAllocator(device.type());
  allocator->emptyCache();
  allocator->resetPeakStats(device.index());
}

}  // namespace

monitor::MachineLimits measure_limits(at::Device device) {
  monitor::MachineLimits out;
  out.products_gflop_per_s = products_gflop_per_s(device);
  out.memory_gb_per_s = memory_gb_per_s(device);
  give_back_memory(device);
  return out;
}

}  // namespace fdl::train
