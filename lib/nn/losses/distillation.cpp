#include "lib/catalog/losses/distillation.h"

#include <ATen/ops/kl_div.h>
#include <ATen/ops/log_softmax.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_distillation(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::DistillationParams>();
  return [p](const Compared& t) {
    const at::Tensor taught =
        at::log_softmax(t[1].to(t[0].scalar_type()).div(p.temperature), p.class_dim);
    const at::Tensor own = at::log_softmax(t[0].div(p.temperature), p.class_dim);
    const at::Tensor terms = at::kl_div(own, taught, at::Reduction::None, /*log_target=*/true);
    return reduced(terms.sum(p.class_dim).mul(p.temperature * p.temperature),
                   reduction_of(p.reduction));
  };
}

}  // namespace fdl::nn
