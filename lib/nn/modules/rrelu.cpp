#include "lib/catalog/modules/rrelu.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/where.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

// Draws from the node's stream, each sample from one of its own, and not from libtorch's generator.
at::Tensor rrelu(const catalog::RreluParams& p, const Tensors&, const at::Tensor& x,
                 StepContext& context) {
  if (!context.training || p.lower == p.upper) return at::leaky_relu(x, (p.lower + p.upper) / 2);
  at::Tensor slopes = at::empty(x.sizes(), at::kFloat);
  const tensor::StreamKey key = context.stream(tensor::Purpose::Dropout);
  const tensor::Lanes lanes = context.lanes();
  const auto num_rows = x.size(0);
  const auto row_elements = static_cast<std::size_t>(num_rows > 0 ? x.numel() / num_rows : 0);
  for (std::int64_t row = 0; row < num_rows; ++row) {
    float* const begin = slopes.data_ptr<float>() + static_cast<std::size_t>(row) * row_elements;
    tensor::fill_uniform({begin, row_elements}, key.with(lanes[row]), p.lower, p.upper);
  }
  return at::where(x.ge(0), x, x.mul(slopes.to(x.options())));
}

}  // namespace

Forward forward_rrelu() { return forward_of(rrelu); }

}  // namespace fdl::nn
