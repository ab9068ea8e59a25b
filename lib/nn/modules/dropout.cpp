#include "lib/catalog/modules/dropout.h"

#include <ATen/ops/empty.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

// Draws from the node's stream, one lane per sample, and not from libtorch's generator.
at::Tensor dropout(const catalog::DropoutParams& p, const Tensors&, const at::Tensor& x,
                   StepContext& context) {
  if (!context.training || p.p == 0) return x;
  at::Tensor mask = at::empty(x.sizes(), at::kFloat);
  const std::span<float> values(mask.data_ptr<float>(), static_cast<std::size_t>(mask.numel()));
  tensor::fill_dropout_mask(values, context.stream(tensor::Purpose::Dropout), p.p, x.size(0),
                            context.first_row);
  return x.mul(mask.to(x.scalar_type()));
}

}  // namespace

Forward forward_dropout() { return forward_of(dropout); }

}  // namespace fdl::nn
