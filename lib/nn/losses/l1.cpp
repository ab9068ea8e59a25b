#include "lib/catalog/losses/l1.h"

#include <ATen/ops/l1_loss.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_l1(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::L1Params>();
  return elementwise(p.reduction, [](const at::Tensor& x, const at::Tensor& t, std::int64_t mode) {
    return at::l1_loss(x, t, mode);
  });
}

}  // namespace fdl::nn
