#include "lib/catalog/modules/swiglu_feed_forward.h"

#include <ATen/ops/silu.h>

#include "lib/nn/declarations.h"
#include "lib/nn/gated_feed_forward.h"

namespace fdl::nn {
namespace {

at::Tensor swiglu_feed_forward(const catalog::SwigluFeedForwardParams&, const Tensors& own,
                               const at::Tensor& x, StepContext&) {
  return gated_feed_forward(own, x, [](const at::Tensor& gate) { return at::silu(gate); });
}

}  // namespace

Forward forward_swiglu_feed_forward() { return forward_of(swiglu_feed_forward); }

}  // namespace fdl::nn
