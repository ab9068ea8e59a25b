#include "lib/nn/noise.h"

#include <cmath>

#include <ATen/ops/empty.h>

#include "lib/nn/fractional_pooling.h"

namespace fdl::nn {
namespace {

template <typename Draw>
at::Tensor noise(const at::Tensor& x, tensor::StreamKey key, const StepContext& context,
                 Draw draw) {
  at::Tensor out = at::empty(x.sizes(), at::kDouble);
  auto* values = out.mutable_data_ptr<double>();
  const std::int64_t num_rows = x.size(0);
  const tensor::Lanes lanes = context.lanes();
  const std::int64_t row_elements = num_rows > 0 ? x.numel() / num_rows : 0;
  for (std::int64_t row = 0; row < num_rows; ++row) {
    tensor::RandomStream stream(key, lanes[row]);
    for (std::int64_t i = 0; i < row_elements; ++i) *values++ = draw(stream);
  }
  return out.to(x.options());
}

}  // namespace

at::Tensor normal_noise(const at::Tensor& x, tensor::Purpose purpose, const StepContext& context) {
  return noise(x, context.stream(purpose), context,
               [](tensor::RandomStream& stream) { return stream.normal(); });
}

at::Tensor gumbel_noise(const at::Tensor& x, tensor::Purpose purpose, const StepContext& context) {
  // Within (0, 1), as its draws are multiples of 2^-32.
  const auto draw = [](tensor::RandomStream& stream) {
    return -std::log(-std::log(stream.uniform() + 0x1p-33));
  };
  return noise(x, context.stream(purpose), context, draw);
}

at::Tensor window_places(const at::Tensor& x, std::int64_t num_axes, const StepContext& context) {
  const at::Tensor like = at::empty({x.size(0), x.size(1), num_axes}, at::kDouble);
  const at::Tensor places = noise(like, context.stream(tensor::Purpose::Dropout), context,
                                  [](tensor::RandomStream& stream) { return stream.uniform(); });
  // Rounding to float may reach 1, which is no place any more.
  return places.to(at::kFloat).clamp_max_(0x1.fffffep-1).to(x.options());
}

}  // namespace fdl::nn
