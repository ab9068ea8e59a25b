#include "lib/catalog/losses/mse.h"

#include <ATen/ops/mse_loss.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Loss loss_mse(const catalog::Choice&, const catalog::TensorType&, const catalog::TensorType&) {
  return [](const at::Tensor& output, const at::Tensor& target) {
    return LossValue{at::mse_loss(output, target), output.numel()};
  };
}

}  // namespace fdl::nn
