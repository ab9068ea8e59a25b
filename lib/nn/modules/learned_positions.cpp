#include "lib/catalog/modules/learned_positions.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

// x [B, T, D] -> the same.
at::Tensor learned_positions(const catalog::LearnedPositionsParams& p, const Tensors& own,
                             const at::Tensor& x, StepContext&) {
  TORCH_CHECK(x.size(1) <= p.max, "learned_positions has vectors for ", p.max,
              " positions, but a batch of shape ", x.sizes(), " came in");
  return x.add(own["weight"].narrow(0, 0, x.size(1)));
}

}  // namespace

Forward forward_learned_positions() { return forward_of(learned_positions); }

}  // namespace fdl::nn
