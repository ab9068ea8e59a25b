#include "lib/catalog/losses/bce_with_logits.h"

#include <ATen/ops/binary_cross_entropy_with_logits.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_bce_with_logits(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::BceWithLogitsParams>();
  return elementwise(p.reduction, [p](const at::Tensor& x, const at::Tensor& t, std::int64_t mode) {
    return at::binary_cross_entropy_with_logits(x, t, numbers_like(p.weight.values, x),
                                                numbers_like(p.pos_weight.values, x), mode);
  });
}

}  // namespace fdl::nn
