#pragma once

#include <ATen/core/Tensor.h>

#include "lib/nn/step_context.h"

// Random numbers for modules, each sample from a stream of its own: what a sample gets does not
// depend on its batch.
namespace fdl::nn {

// N(0, 1) in the shape, dtype and device of x [B, ...].
at::Tensor normal_noise(const at::Tensor& x, tensor::Purpose purpose, const StepContext& context);

// Likewise of the standard Gumbel distribution: -log(-log(u)) with u uniform.
at::Tensor gumbel_noise(const at::Tensor& x, tensor::Purpose purpose, const StepContext& context);

}  // namespace fdl::nn
