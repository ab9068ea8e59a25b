#include "lib/nn/noise.h"

#include <ATen/ops/empty.h>

#include "lib/nn/fractional_pooling.h"
#include "lib/tensor/noise.h"

namespace fdl::nn {
namespace {

using tensor::Noise;

// Like x, but f64.
at::Tensor drawn(Noise noise, const at::Tensor& x, tensor::Purpose purpose,
                 const StepContext& context) {
  const at::Tensor out = at::empty(x.sizes(), at::TensorOptions(x.device()).dtype(at::kDouble));
  tensor::fill_noise(out, noise, context.step_key(purpose), context.lanes());
  return out;
}

}  // namespace

at::Tensor normal_noise(const at::Tensor& x, tensor::Purpose purpose, const StepContext& context) {
  return drawn(Noise::Normal, x, purpose, context).to(x.options());
}

at::Tensor gumbel_noise(const at::Tensor& x, tensor::Purpose purpose, const StepContext& context) {
  return drawn(Noise::Gumbel, x, purpose, context).to(x.options());
}

at::Tensor window_places(const at::Tensor& x, std::int64_t num_axes, const StepContext& context) {
  const at::Tensor like = at::empty({x.size(0), x.size(1), num_axes}, x.options());
  const at::Tensor places = drawn(Noise::Uniform, like, tensor::Purpose::Dropout, context);
  // Rounding to float may reach 1, which is no place any more.
  return places.to(at::kFloat).clamp_max_(0x1.fffffep-1).to(x.options());
}

}  // namespace fdl::nn
