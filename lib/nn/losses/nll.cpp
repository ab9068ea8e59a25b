#include "lib/catalog/losses/nll.h"

#include <ATen/ops/nll_loss_nd.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

// output [N, ..., C, ...] with classes on one axis, target the same without it, of integers.
Loss loss_nll(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto p = choice.as<catalog::NllParams>();
  const std::int64_t axis = class_axis_of(types, p.class_dim);
  return [p, axis, mode = reduction_of(p.reduction)](const Compared& t) {
    const ClassScores c = classes_second(t[0], t[1], axis);
    const at::Tensor value =
        at::nll_loss_nd(c.scores, c.truth, numbers_like(p.weight, c.scores), mode, p.ignore_index);
    return over(value, weight_other_than(c.truth, p.ignore_index, p.weight), mode);
  };
}

}  // namespace fdl::nn
