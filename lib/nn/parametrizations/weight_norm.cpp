#include "lib/catalog/parametrizations/weight_norm.h"

#include <ATen/ops/_weight_norm.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

at::Tensor parametrized_weight_norm(const void* params, const Tensors& originals, bool) {
  const auto& p = *static_cast<const catalog::WeightNormParams*>(params);
  return at::_weight_norm(originals["original1"], originals["original0"], p.dim.value_or(-1));
}

}  // namespace fdl::nn
