#include "lib/catalog/losses/cross_entropy.h"

#include <ATen/ops/cross_entropy_loss.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {

// output [N, ..., C, ...] with classes on one axis; target the same without it, of integers, or of
// the output's shape and type.
Loss loss_cross_entropy(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto p = choice.as<catalog::CrossEntropyParams>();
  const std::int64_t axis = class_axis_of(types, p.class_dim);
  const bool is_probable = types[0].shape == types[1].shape;
  return [p, axis, is_probable, mode = reduction_of(p.reduction)](const Compared& t) {
    const auto value = [&](const at::Tensor& scores, const at::Tensor& truth) {
      return at::cross_entropy_loss(scores, truth, numbers_like(p.weight, scores), mode,
                                    p.ignore_index, p.label_smoothing);
    };
    if (is_probable) {
      const std::int64_t num_targets = t[0].numel() / t[0].size(axis);
      return over(value(t[0].movedim(axis, 1), t[1].movedim(axis, 1)), num_targets, mode);
    }
    const ClassScores c = classes_second(t[0], t[1], axis);
    return over(value(c.scores, c.truth), weight_other_than(c.truth, p.ignore_index, p.weight),
                mode);
  };
}

}  // namespace fdl::nn
