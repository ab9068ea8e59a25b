#include "lib/catalog/modules/channel_shuffle.h"

#include <ATen/ops/channel_shuffle.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor channel_shuffle(const catalog::ChannelShuffleParams& p, const Tensors&,
                           const at::Tensor& x, StepContext&) {
  return at::channel_shuffle(x, p.groups);
}

}  // namespace

Forward forward_channel_shuffle() { return forward_of(channel_shuffle); }

}  // namespace fdl::nn
