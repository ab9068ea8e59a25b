#include "lib/catalog/modules/rotary.h"

#include "lib/nn/declarations.h"
#include "lib/nn/positions.h"

namespace fdl::nn {
namespace {

// x [B, T, N * W] -> the same.
at::Tensor rotary(const catalog::RotaryParams& p, const Tensors&, const at::Tensor& x,
                  StepContext&) {
  return rotate_heads(x, p.num_heads, p.base, p.interleaved);
}

}  // namespace

Forward forward_rotary() { return forward_of(rotary); }

}  // namespace fdl::nn
