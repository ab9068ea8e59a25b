#include "lib/catalog/losses/mse.h"

#include <ATen/ops/mse_loss.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_mse(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::MseParams>();
  return elementwise(p.reduction, [](const at::Tensor& x, const at::Tensor& t, std::int64_t mode) {
    // libtorch leaves its number in memory of the output's size, until the step is over.
    return at::mse_loss(x, t, mode).clone();
  });
}

}  // namespace fdl::nn
