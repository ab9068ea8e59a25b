#include "lib/catalog/modules/threshold_halt.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor threshold_halt(const catalog::ThresholdHaltParams& p, const Tensors&,
                          const at::Tensor& x, StepContext&) {
  return x.flatten(1).amax(1).sub(p.threshold);
}

}  // namespace

Forward forward_threshold_halt() { return forward_of(threshold_halt); }

}  // namespace fdl::nn
