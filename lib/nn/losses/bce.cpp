#include "lib/catalog/losses/bce.h"

#include <ATen/ops/binary_cross_entropy.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_bce(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::BceParams>();
  return elementwise(p.reduction, [p](const at::Tensor& x, const at::Tensor& t, std::int64_t mode) {
    return at::binary_cross_entropy(x, t, numbers_like(p.weight.values, x), mode);
  });
}

}  // namespace fdl::nn
