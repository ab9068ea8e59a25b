#include "lib/catalog/modules/instance_norm.h"

#include <ATen/ops/instance_norm.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

// x [N, C, ...] -> the same. In training it also writes the running statistics, but, as PyTorch,
// does not count the batches.
at::Tensor instance_norm(const catalog::InstanceNormParams& p, const Tensors& own,
                         const at::Tensor& x, StepContext& context) {
  const bool uses_input = context.training || !p.track_running_stats;
  return at::instance_norm(x, own["weight"], own["bias"], own["running_mean"], own["running_var"],
                           uses_input, p.momentum, p.eps, /*cudnn_enabled=*/true);
}

}  // namespace

Forward forward_instance_norm() { return forward_of(instance_norm); }

}  // namespace fdl::nn
