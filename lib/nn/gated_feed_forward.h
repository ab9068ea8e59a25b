#pragma once

#include <ATen/ops/linear.h>

#include "lib/nn/forward.h"

namespace fdl::nn {

// x [*, D] -> [*, D]; `own` as catalog::gated_tensors has it.
template <typename Activation>
at::Tensor gated_feed_forward(const Tensors& own, const at::Tensor& x, Activation activation) {
  const at::Tensor gate = at::linear(x, own["gate_proj.weight"], own["gate_proj.bias"]),
                   up = at::linear(x, own["up_proj.weight"], own["up_proj.bias"]);
  return at::linear(activation(gate).mul(up), own["down_proj.weight"], own["down_proj.bias"]);
}

}  // namespace fdl::nn
