#include "lib/catalog/losses/adaptive_log_softmax_with_loss.h"

#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>

#include "lib/nn/declarations.h"
#include "lib/nn/loss_parts.h"

// Axis letters: R rows, D features, H features of a cluster, C its classes.
namespace fdl::nn {
namespace {

// Where each tensor stands among those that are compared.
constexpr std::size_t kHead = 2, kBias = 3, kTails = 4;

std::size_t num_clusters(const Compared& t) {
  std::size_t out = 0;
  while (kTails + 2 * out < t.size() && t[kTails + 2 * out].defined()) ++out;
  return out;
}

// The sum of the logarithms of the targets' probabilities. What lies beyond the last class ends in
// the last cluster, where libtorch refuses it.
at::Tensor log_likelihood(const Compared& t, const at::Tensor& x_RD, const at::Tensor& target_R) {
  const auto n = static_cast<std::int64_t>(num_clusters(t));
  const std::int64_t shortlist = t[kHead].size(0) - n;
  const at::Tensor head = at::log_softmax(at::linear(x_RD, t[kHead], t[kBias]), 1);
  at::Tensor place_R = target_R;
  std::vector<at::Tensor> inside;  // the clusters' own parts
  std::int64_t first = shortlist;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto at = kTails + 2 * static_cast<std::size_t>(i);
    const at::Tensor &down_HD = t[at], &up_CH = t[at + 1];
    at::Tensor inside_R = target_R.ge(first);
    if (i + 1 < n) inside_R = inside_R.logical_and(target_R.lt(first + up_CH.size(0)));
    place_R = place_R.masked_fill(inside_R, shortlist + i);
    const at::Tensor rows = inside_R.nonzero().flatten();
    const at::Tensor scores = at::linear(at::linear(x_RD.index_select(0, rows), down_HD), up_CH);
    const at::Tensor own = target_R.index_select(0, rows).sub(first).unsqueeze(1);
    inside.push_back(at::log_softmax(scores, 1).gather(1, own).sum());
    first += up_CH.size(0);
  }
  at::Tensor sum = head.gather(1, place_R.unsqueeze(1)).sum();
  for (const at::Tensor& part : inside) sum = sum.add(part);
  return sum;
}

}  // namespace

Loss loss_adaptive_log_softmax_with_loss(const catalog::Choice& choice,
                                         const catalog::TensorTypes&) {
  const auto p = choice.as<catalog::AdaptiveLogSoftmaxWithLossParams>();
  return [p, mode = reduction_of(p.reduction)](const Compared& t) {
    const at::Tensor target_R = t[1].to(at::kLong).flatten();
    const at::Tensor counts = target_R.ne(p.ignore_index).nonzero().flatten();
    const at::Tensor x_RD = t[0].flatten(0, -2).index_select(0, counts);
    const at::Tensor sum = log_likelihood(t, x_RD, target_R.index_select(0, counts)).neg();
    const std::int64_t count = counts.numel();
    return over(mode == at::Reduction::Mean ? sum.div(static_cast<double>(count)) : sum, count,
                mode);
  };
}

}  // namespace fdl::nn
