#include "lib/catalog/modules/learned_halt.h"

#include <ATen/ops/linear.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor learned_halt(const catalog::LearnedHaltParams&, const Tensors& own, const at::Tensor& x,
                        StepContext&) {
  return at::linear(x, own["weight"], own["bias"]).flatten(1).mean(1);
}

}  // namespace

Forward forward_learned_halt() { return forward_of(learned_halt); }

}  // namespace fdl::nn
