#include "lib/catalog/losses/multilabel_margin.h"

#include <ATen/ops/multilabel_margin_loss.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_multilabel_margin(const catalog::Choice& choice, const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::MultilabelMarginParams>();
  return [mode = reduction_of(p.reduction)](const Compared& t) {
    return over(at::multilabel_margin_loss(t[0], t[1].to(at::kLong), mode), t[0].size(0), mode);
  };
}

}  // namespace fdl::nn
