#include "lib/catalog/losses/kl_div.h"

#include <ATen/ops/kl_div.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_kl_div(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::KlDivParams>();
  return [p](const Compared& t) {
    const std::int64_t mode = reduction_of(p.reduction);  // batchmean: a sum, divided below
    const at::Tensor value = at::kl_div(t[0], t[1], mode, p.log_target);
    if (p.reduction == "batchmean")
      return over(value.div(t[0].size(0)), t[0].size(0), at::Reduction::Mean);
    return over(value, t[0].numel(), mode);
  };
}

}  // namespace fdl::nn
