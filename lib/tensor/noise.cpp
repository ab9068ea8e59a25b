#include "lib/tensor/noise.h"

#include <cmath>

#include "lib/cuda/backend.h"
#include "lib/tensor/gpu_draw.h"

namespace fdl::tensor {
namespace {

double draw(Noise noise, RandomStream& stream) {
  switch (noise) {
    case Noise::Normal:
      return stream.normal();
    case Noise::Gumbel:
      // Within (0, 1), as draws are multiples of 2^-32.
      return -std::log(-std::log(stream.uniform() + 0x1p-33));
    case Noise::Uniform:
      break;
  }
  return stream.uniform();
}

}  // namespace

void fill_noise(const at::Tensor& out, Noise noise, const StepKey& key, const Lanes& lanes) {
  if (out.numel() == 0) return;
  if (!out.device().is_cpu()) {
    const GpuDraw<cuda::Draw> there(out, key, lanes);
    return cuda::backend().fill_noise(out, noise, there.draw);
  }
  auto* values = out.mutable_data_ptr<double>();
  const std::int64_t num_rows = out.size(0), row_elements = out.numel() / num_rows;
  for (std::int64_t row = 0; row < num_rows; ++row) {
    RandomStream stream(key.whole(), lanes[row]);
    for (std::int64_t i = 0; i < row_elements; ++i) *values++ = draw(noise, stream);
  }
}

}  // namespace fdl::tensor
