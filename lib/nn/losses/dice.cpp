#include "lib/catalog/losses/dice.h"

#include <ATen/ops/one_hot.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {
namespace {

// [B, C, ...] as [B, C, places]; of [B, C] alone, one place.
at::Tensor with_places(const at::Tensor& x) { return x.reshape({x.size(0), x.size(1), -1}); }

}  // namespace

Loss loss_dice(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto p = choice.as<catalog::DiceParams>();
  const std::int64_t axis = class_axis_of(types, p.class_dim);
  const bool is_soft = types[0].shape == types[1].shape;
  return [p, axis, is_soft, mode = reduction_of(p.reduction)](const Compared& t) {
    at::Tensor found, truth;  // [B, C, places]
    if (is_soft) {
      found = with_places(at::sigmoid(t[0]).movedim(axis, 1));
      truth = with_places(t[1].movedim(axis, 1));
    } else {
      found = with_places(at::softmax(t[0], axis).movedim(axis, 1));
      const at::Tensor classes = t[1].to(at::kLong).reshape({t[1].size(0), -1});
      const at::Tensor counts = p.ignore_index ? classes.ne(*p.ignore_index) : classes.eq(classes);
      truth = at::one_hot(classes.where(counts, 0), found.size(1)).movedim(2, 1);
      truth = truth.mul(counts.unsqueeze(1)).to(found.scalar_type());
      found = found.mul(counts.unsqueeze(1));
    }
    const at::Tensor overlap = found.mul(truth).sum(2).mul(2).add(p.smooth);
    const at::Tensor both = found.sum(2).add(truth.sum(2)).add(p.smooth);
    return reduced(overlap.div(both).neg().add(1), mode);  // of [B, C]
  };
}

}  // namespace fdl::nn
