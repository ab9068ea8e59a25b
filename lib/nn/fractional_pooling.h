#pragma once

#include <ATen/core/Tensor.h>

#include "lib/catalog/fractional_pooling.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

// How many windows along each axis of this input.
template <std::size_t N>
catalog::Tuple<N> window_counts(const catalog::FractionalMaxPoolParams<N>& p, const at::Tensor& x) {
  catalog::Tuple<N> out;
  for (std::size_t i = 0; i < N; ++i)
    out[i] = p.windows(i, x.size(static_cast<std::int64_t>(i) + 2));
  return out;
}

// Places of windows over so many axes, [N, C, num_axes] in [0, 1): one lane per sample.
at::Tensor window_places(const at::Tensor& x, std::int64_t num_axes, const StepContext& context);

}  // namespace fdl::nn
