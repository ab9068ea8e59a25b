#include "lib/catalog/modules/pixel_unshuffle.h"

#include <ATen/ops/pixel_unshuffle.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor pixel_unshuffle(const catalog::PixelUnshuffleParams& p, const Tensors&,
                           const at::Tensor& x, StepContext&) {
  return at::pixel_unshuffle(x, p.downscale_factor);
}

}  // namespace

Forward forward_pixel_unshuffle() { return forward_of(pixel_unshuffle); }

}  // namespace fdl::nn
