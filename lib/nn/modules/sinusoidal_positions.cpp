#include "lib/catalog/modules/sinusoidal_positions.h"

#include <ATen/ops/stack.h>

#include "lib/nn/declarations.h"
#include "lib/nn/positions.h"

namespace fdl::nn {
namespace {

// x [B, T, D] -> the same. Numbers 2 i and 2 i + 1 get the sine and cosine of one angle.
at::Tensor sinusoidal_positions(const catalog::SinusoidalPositionsParams&, const Tensors&,
                                const at::Tensor& x, StepContext&) {
  const at::Tensor angles = position_angles(x.size(1), x.size(2), /*base=*/10000, x.device());
  return x.add(at::stack({angles.sin(), angles.cos()}, -1).flatten(-2).to(x.options()));
}

}  // namespace

Forward forward_sinusoidal_positions() { return forward_of(sinusoidal_positions); }

}  // namespace fdl::nn
