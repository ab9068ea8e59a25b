#include "lib/catalog/losses/soft_margin.h"

#include <ATen/ops/soft_margin_loss.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_soft_margin(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::SoftMarginParams>();
  return elementwise(p.reduction, [](const at::Tensor& x, const at::Tensor& t, std::int64_t mode) {
    return at::soft_margin_loss(x, t, mode);
  });
}

}  // namespace fdl::nn
