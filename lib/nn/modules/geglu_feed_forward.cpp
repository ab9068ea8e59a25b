#include "lib/catalog/modules/geglu_feed_forward.h"

#include <ATen/ops/gelu.h>

#include "lib/nn/declarations.h"
#include "lib/nn/gated_feed_forward.h"

namespace fdl::nn {
namespace {

at::Tensor geglu_feed_forward(const catalog::GegluFeedForwardParams&, const Tensors& own,
                              const at::Tensor& x, StepContext&) {
  return gated_feed_forward(own, x, [](const at::Tensor& gate) { return at::gelu(gate); });
}

}  // namespace

Forward forward_geglu_feed_forward() { return forward_of(geglu_feed_forward); }

}  // namespace fdl::nn
