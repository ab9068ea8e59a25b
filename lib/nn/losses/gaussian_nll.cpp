#include "lib/catalog/losses/gaussian_nll.h"

#include <cmath>
#include <numbers>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/log.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_gaussian_nll(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::GaussianNllParams>();
  return [p, mode = reduction_of(p.reduction)](const Compared& t) {
    // As PyTorch: below eps the variance counts as eps, but its gradient stays.
    const at::Tensor variance = t[2].clone();
    {
      const at::NoGradGuard no_grad;
      variance.clamp_min_(p.eps);
    }
    const at::Tensor off = t[0].sub(t[1]);
    at::Tensor loss = at::log(variance).add(off.mul(off).div(variance)).mul(0.5);
    if (p.full) loss = loss.add(0.5 * std::log(2 * std::numbers::pi));
    return reduced(loss, mode);
  };
}

}  // namespace fdl::nn
