#include "lib/catalog/losses/multi_margin.h"

#include <ATen/ops/multi_margin_loss.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

Loss loss_multi_margin(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto p = choice.as<catalog::MultiMarginParams>();
  const std::int64_t axis = class_axis_of(types, p.class_dim);
  return [p, axis, mode = reduction_of(p.reduction)](const Compared& t) {
    const ClassScores c = class_rows(t[0], t[1], axis);
    const at::Tensor value = at::multi_margin_loss(c.scores, c.truth, p.p, p.margin,
                                                   numbers_like(p.weight, c.scores), mode);
    return over(value, c.truth.numel(), mode);
  };
}

}  // namespace fdl::nn
