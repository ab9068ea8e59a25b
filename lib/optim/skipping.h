#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/where.h>

// For updates that are made of libtorch's operators, in recorded steps too. `is_skipped` is a bool
// on the GPU, or undefined where none is recorded: where it holds, what is there stays, whatever
// was computed.
namespace fdl::optim {

inline void write(const at::Tensor& to, const at::Tensor& value, const at::Tensor& is_skipped) {
  to.copy_(is_skipped.defined() ? at::where(is_skipped, to, value) : value);
}

// What `state` becomes, `share` (a number or f32 scalar) of the way to `now`.
template <typename Share>
at::Tensor follow(const at::Tensor& state, const at::Tensor& now, const Share& share,
                  const at::Tensor& is_skipped) {
  if (!is_skipped.defined()) return state.lerp_(now, share);
  at::Tensor out = state.lerp(now, share);
  write(state, out, is_skipped);
  return out;
}

}  // namespace fdl::optim
