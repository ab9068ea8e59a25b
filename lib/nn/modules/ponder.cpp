#include "lib/catalog/modules/ponder.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cumsum.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/zeros_like.h>

#include "lib/nn/declarations.h"

// Axis letters: B batch, N turns.
namespace fdl::nn {
namespace {

// The probability that turn n is the last: that it halts, times that none before it did. What the
// last turn lacks to a sum of 1 is its own.
at::Tensor last_turn(const at::Tensor& scores_BN) {
  const auto N = scores_BN.size(1);
  const at::Tensor goes_on = at::log_sigmoid(scores_BN.neg()).cumsum(1);
  const at::Tensor first = at::zeros_like(scores_BN.narrow(1, 0, 1));
  const at::Tensor reached = at::cat({first, goes_on.narrow(1, 0, N - 1)}, 1);
  const at::Tensor halts = at::cat({at::log_sigmoid(scores_BN.narrow(1, 0, N - 1)), first}, 1);
  return at::exp(reached.add(halts));
}

Outputs ponder(const catalog::PonderParams&, const Tensors& own,
               const std::vector<at::Tensor>& inputs, StepContext&) {
  const at::Tensor& turns = inputs.front();
  const auto N = turns.size(1);
  const at::Tensor scores_BN = at::linear(turns, own["weight"], own["bias"]).flatten(2).mean(2);
  const at::Tensor share_BN = last_turn(scores_BN);
  std::vector<std::int64_t> spread = {turns.size(0), N};
  spread.resize(static_cast<std::size_t>(turns.dim()), 1);
  return {turns.mul(share_BN.view(spread)).sum(1), share_BN,
          share_BN.mul(at::arange(1, N + 1, share_BN.options().requires_grad(false))).sum(1)};
}

}  // namespace

Forward forward_ponder() { return forward_of(ponder); }

}  // namespace fdl::nn
