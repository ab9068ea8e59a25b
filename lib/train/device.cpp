#include "lib/train/device.h"

#include <cstdlib>

#include <ATen/Context.h>

#include "lib/cuda/backend.h"

namespace fdl::train {

namespace {

void choose_kernels(bool is_deterministic) {
  at::Context& libtorch = at::globalContext();
  libtorch.setBenchmarkCuDNN(!is_deterministic);
  libtorch.setDeterministicCuDNN(is_deterministic);
  libtorch.setDeterministicAlgorithms(is_deterministic, /*warn_only=*/true);
  libtorch.setDeterministicFillUninitializedMemory(false);
  // What cuBLAS asks for before it promises the same bits; read when it is first used.
  if (is_deterministic) ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
}

}  // namespace

Result<at::Device> open_device(const job::Training& training) {
  const job::DeviceChoice& choice = training.device;
  using Kind = job::DeviceChoice::Kind;
  if (choice.kind == Kind::Cpu) return at::Device(at::kCPU);
  const Result<cuda::Backend*> opened = cuda::open();
  if (!opened && choice.kind == Kind::Auto) return at::Device(at::kCPU);
  if (!opened) return fail(opened.error());
  const int num_devices = (*opened)->num_devices();
  if (choice.index >= num_devices) {
    return fail(error(Code::NoDevice, {}, "there is no device 'cuda:{}'", choice.index)
                    .help("there are {}, counted from 0: the last one is 'cuda:{}'", num_devices,
                          num_devices - 1));
  }
  choose_kernels(training.is_deterministic);
  (*opened)->enter(choice.index);
  if (training.passes.products) (*opened)->take_products();
  return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(choice.index));
}

std::string device_name(at::Device device) {
  return device.is_cpu() ? "cpu" : cuda::backend().name(device.index());
}

std::optional<std::int64_t> peak_gpu_bytes(at::Device device) {
  if (device.is_cpu()) return std::nullopt;
  return cuda::backend().peak_bytes(device.index());
}

}  // namespace fdl::train
