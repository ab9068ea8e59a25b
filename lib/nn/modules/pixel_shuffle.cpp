#include "lib/catalog/modules/pixel_shuffle.h"

#include <ATen/ops/pixel_shuffle.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor pixel_shuffle(const catalog::PixelShuffleParams& p, const Tensors&, const at::Tensor& x,
                         StepContext&) {
  return at::pixel_shuffle(x, p.upscale_factor);
}

}  // namespace

Forward forward_pixel_shuffle() { return forward_of(pixel_shuffle); }

}  // namespace fdl::nn
