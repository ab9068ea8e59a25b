#include "lib/catalog/losses/huber.h"

#include <ATen/ops/huber_loss.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_huber(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::HuberParams>();
  return elementwise(p.reduction, [p](const at::Tensor& x, const at::Tensor& t, std::int64_t mode) {
    return at::huber_loss(x, t, mode, p.delta);
  });
}

}  // namespace fdl::nn
