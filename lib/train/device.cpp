#include "lib/train/device.h"

#include "lib/cuda/backend.h"

namespace fdl::train {

Result<at::Device> open_device(const job::DeviceChoice& choice) {
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
  (*opened)->enter(choice.index);
  return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(choice.index));
}

std::string device_name(at::Device device) {
  return device.is_cpu() ? "cpu" : cuda::backend().facts(device.index()).name;
}

}  // namespace fdl::train
