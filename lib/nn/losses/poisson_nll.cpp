#include "lib/catalog/losses/poisson_nll.h"

#include <ATen/ops/poisson_nll_loss.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_poisson_nll(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::PoissonNllParams>();
  return elementwise(p.reduction, [p](const at::Tensor& x, const at::Tensor& t, std::int64_t mode) {
    return at::poisson_nll_loss(x, t, p.log_input, p.full, p.eps, mode);
  });
}

}  // namespace fdl::nn
