#include "tests/unit/gpu/device.h"

#include "lib/train/device.h"

namespace fdl::testing {

std::optional<at::Device> gpu() {
  job::Training training;
  training.device.kind = job::DeviceChoice::Kind::Cuda;
  training.passes.products = false;
  static const Result<at::Device> opened = train::open_device(training);
  return opened ? std::optional(*opened) : std::nullopt;
}

double error_of(const at::Tensor& found, const at::Tensor& exact) {
  const at::Tensor wanted = exact.cpu().to(at::kDouble);
  const double off = found.cpu().to(at::kDouble).sub(wanted).norm().item<double>();
  return off == 0 ? 0 : off / wanted.norm().item<double>();
}

}  // namespace fdl::testing
