#include "lib/catalog/losses/multilabel_soft_margin.h"

#include <ATen/ops/log_sigmoid.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_multilabel_soft_margin(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::MultilabelSoftMarginParams>();
  return [p, mode = reduction_of(p.reduction)](const Compared& t) {
    const at::Tensor truth = t[1].to(t[0].scalar_type());
    at::Tensor loss = truth.mul(at::log_sigmoid(t[0]))
                          .add(truth.neg().add(1).mul(at::log_sigmoid(t[0].neg())))
                          .neg();
    if (!p.weight.empty()) loss = loss.mul(numbers_like(p.weight, loss));
    return reduced(loss.mean(-1), mode);
  };
}

}  // namespace fdl::nn
