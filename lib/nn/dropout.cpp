#include "lib/nn/dropout.h"

#include <ATen/ops/empty.h>

namespace fdl::nn {

at::Tensor Dropout::operator()(const at::Tensor& x) const {
  if (!is_active()) return x;
  const at::Tensor mask = at::empty(x.sizes(), at::TensorOptions(at::kFloat).device(x.device()));
  tensor::fill_dropout_mask(mask, key, p, lanes);
  return x.mul(mask.to(x.scalar_type()));
}

Dropout dropout_of(const StepContext& context, double p) {
  return {context.training ? p : 0, context.step_key(tensor::Purpose::Dropout), context.lanes()};
}

Dropout dropout_of(const StepContext& context, double p, std::uint64_t place) {
  Dropout out = dropout_of(context, p);
  out.key.place = place;
  return out;
}

}  // namespace fdl::nn
