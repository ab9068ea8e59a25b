#include "lib/catalog/modules/fractional_max_pool2d.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/fractional_max_pool2d.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

// Places of windows, [N, C, 2] in [0, 1): one lane per sample.
at::Tensor window_places(const at::Tensor& x, const StepContext& context) {
  at::Tensor out = at::empty({x.size(0), x.size(1), 2}, at::kDouble);
  auto* values = out.mutable_data_ptr<double>();
  const tensor::StreamKey key = context.stream(tensor::Purpose::Dropout);
  const tensor::Lanes lanes = context.lanes();
  for (std::int64_t n = 0; n < x.size(0); ++n) {
    tensor::RandomStream stream(key, lanes[n]);
    for (std::int64_t i = 0; i < 2 * x.size(1); ++i) *values++ = stream.uniform();
  }
  // Rounding to float may reach 1, which is no place any more.
  return out.to(at::kFloat).clamp_max_(0x1.fffffep-1).to(x.options());
}

// Draws in evaluation too, as PyTorch does; the stream is then the same for every batch.
at::Tensor fractional_max_pool2d(const catalog::FractionalMaxPool2dParams& p, const Tensors&,
                                 const at::Tensor& x, StepContext& context) {
  catalog::Tuple<2> size;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto in = static_cast<double>(x.size(static_cast<std::int64_t>(i) + 2));
    size[i] =
        p.output_size ? (*p.output_size)[i] : static_cast<std::int64_t>(in * (*p.output_ratio)[i]);
  }
  return std::get<0>(at::fractional_max_pool2d(x, p.kernel_size, size, window_places(x, context)));
}

}  // namespace

Forward forward_fractional_max_pool2d() { return forward_of(fractional_max_pool2d); }

}  // namespace fdl::nn
