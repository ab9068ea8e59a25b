#include "lib/catalog/modules/batch_norm.h"

#include <ATen/ops/batch_norm.h>

#include "lib/nn/channel_norm.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

// x [N, C, ...] -> the same. In training it also writes the running statistics.
at::Tensor batch_norm(const catalog::BatchNormParams& p, const Tensors& own, const at::Tensor& x,
                      StepContext& context) {
  const bool tracks = p.track_running_stats, uses_batch = context.training || !tracks;
  // Otherwise the running variance would silently become infinite.
  TORCH_CHECK(!uses_batch || x.numel() > x.size(1),
              "batch_norm needs more than one value per channel in training, but a batch of shape ",
              x.sizes(), " came in; `drop_last: true` leaves out a last batch of one sample");
  const double newest = context.training ? count_batch(p, own) : 0;
  const ChannelTensors of = channel_tensors(own);
  if (uses_batch && fits_batch_norm_channels(x, of))
    return batch_norm_channels(x, of, newest, p.eps);
  return at::batch_norm(x, of.weight, of.bias, of.running_mean, of.running_var, uses_batch, newest,
                        p.eps, /*cudnn_enabled=*/true);
}

}  // namespace

Forward forward_batch_norm() { return forward_of(batch_norm); }

}  // namespace fdl::nn
