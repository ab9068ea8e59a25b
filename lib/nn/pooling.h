#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sign.h>

#include "lib/catalog/pooling.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

// The output's sizes for this input.
template <std::size_t N>
catalog::Tuple<N> output_sizes(const catalog::AdaptivePoolParams<N>& p, const at::Tensor& x) {
  catalog::Tuple<N> out;
  for (std::size_t i = 0; i < N; ++i)
    out[i] = p.output_size[i].value_or(x.size(static_cast<std::int64_t>(i) + 2));
  return out;
}

// (sum of x^p)^(1/p) of each window; `mean` is libtorch's average pooling of x^p. The sign and the
// absolute value change nothing but the gradient at 0, which PyTorch takes in this way.
template <std::size_t N, typename Mean>
at::Tensor lp_pool(const catalog::LpPoolParams<N>& p, const at::Tensor& x, Mean mean) {
  const at::Tensor out = mean(x.pow(p.norm_type));
  const auto window = static_cast<double>(catalog::product(p.kernel_size));
  return at::sign(out).mul(at::relu(at::abs(out))).mul(window).pow(1.0 / p.norm_type);
}

}  // namespace fdl::nn
