#include "lib/catalog/modules/threshold.h"

#include <ATen/ops/threshold.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor threshold(const catalog::ThresholdParams& p, const Tensors&, const at::Tensor& x,
                     StepContext&) {
  return at::threshold(x, p.threshold, p.value);
}

}  // namespace

Forward forward_threshold() { return forward_of(threshold); }

}  // namespace fdl::nn
