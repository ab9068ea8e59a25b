#include "lib/catalog/losses/focal.h"

#include <ATen/ops/exp.h>
#include <ATen/ops/expm1.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/log_softmax.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

namespace fdl::nn {
namespace {

// -(1 - p)^gamma log p of a probability's logarithm. Near p = 1 the slope of the power is held.
at::Tensor damped(const at::Tensor& log_p, double gamma) {
  constexpr double kLeast = 1e-12;
  return at::expm1(log_p).neg().clamp_min(kLeast).pow(gamma).mul(log_p).neg();
}

// One value for each element: two classes each. `axis` has the classes where alpha is for each.
at::Tensor of_sigmoids(const catalog::FocalParams& p, const at::Tensor& scores,
                       const at::Tensor& truth, std::int64_t axis) {
  at::Tensor right = damped(at::log_sigmoid(scores), p.gamma),
             wrong = damped(at::log_sigmoid(scores.neg()), p.gamma);
  if (!p.alpha.empty()) {
    at::Tensor alpha = numbers_like(p.alpha.values, scores);
    if (axis >= 0 && alpha.size(0) > 1) {
      std::vector<std::int64_t> shape(static_cast<std::size_t>(scores.dim()), 1);
      shape[static_cast<std::size_t>(axis)] = alpha.size(0);
      alpha = alpha.view(shape);
    }
    right = right.mul(alpha);
    wrong = wrong.mul(alpha.neg().add(1));
  }
  return truth.mul(right).add(truth.neg().add(1).mul(wrong));
}

}  // namespace

Loss loss_focal(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto p = choice.as<catalog::FocalParams>();
  const bool is_soft = types[0].shape == types[1].shape;
  const bool has_axis = !is_soft || p.alpha.size() > 1;
  const std::int64_t axis = has_axis ? class_axis_of(types, p.class_dim) : -1;
  return [p, axis, is_soft, mode = reduction_of(p.reduction)](const Compared& t) {
    if (is_soft) return reduced(of_sigmoids(p, t[0], t[1], axis), mode);
    const ClassScores c = class_rows(t[0], t[1], axis);
    const at::Tensor counts = c.truth.ne(p.ignore_index);
    const at::Tensor truth = c.truth.where(counts, 0);
    at::Tensor loss =
        damped(at::log_softmax(c.scores, 1).gather(1, truth.unsqueeze(1)).squeeze(1), p.gamma);
    if (!p.alpha.empty()) {
      const at::Tensor alpha = numbers_like(p.alpha.values, loss);
      loss = loss.mul(alpha.size(0) == 1 ? alpha : alpha.index_select(0, truth));
    }
    loss = loss.mul(counts);
    const TargetWeight num_targets = count_other_than(c.truth, p.ignore_index);
    const at::Tensor sum = loss.sum();
    return over(mode == at::Reduction::Mean ? num_targets.mean_of(sum) : sum, num_targets, mode);
  };
}

}  // namespace fdl::nn
