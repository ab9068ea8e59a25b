#include "lib/nn/dropout.h"

#include <ATen/ops/empty.h>

namespace fdl::nn {

at::Tensor Dropout::operator()(const at::Tensor& x) const {
  if (!is_active()) return x;
  at::Tensor mask = at::empty(x.sizes(), at::kFloat);
  const std::span<float> values(mask.data_ptr<float>(), static_cast<std::size_t>(mask.numel()));
  tensor::fill_dropout_mask(values, key, p, x.size(0), lanes);
  return x.mul(mask.to(x.scalar_type()));
}

Dropout dropout_of(const StepContext& context, double p) {
  return {context.training ? p : 0, context.stream(tensor::Purpose::Dropout), context.lanes()};
}

Dropout dropout_of(const StepContext& context, double p, std::uint64_t place) {
  Dropout out = dropout_of(context, p);
  out.key = out.key.with(place);
  return out;
}

}  // namespace fdl::nn
