#include "lib/catalog/losses/gaussian_kl.h"

#include <ATen/ops/exp.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

// -1/2 * sum(1 + logvar - mean^2 - exp(logvar)) of each sample.
Loss loss_gaussian_kl(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::GaussianKlParams>();
  return [mode = reduction_of(p.reduction)](const Compared& t) {
    const at::Tensor terms = t[0].square().add(at::exp(t[1])).sub(t[1]).sub(1).mul(0.5);
    return reduced(terms.flatten(1).sum(1), mode);
  };
}

}  // namespace fdl::nn
