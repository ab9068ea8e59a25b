#include "lib/catalog/losses/smooth_l1.h"

#include <ATen/ops/smooth_l1_loss.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_smooth_l1(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::SmoothL1Params>();
  return elementwise(p.reduction, [p](const at::Tensor& x, const at::Tensor& t, std::int64_t mode) {
    return at::smooth_l1_loss(x, t, mode, p.beta);
  });
}

}  // namespace fdl::nn
