#pragma once

#include "lib/nn/recurrent.h"

// Layers of lib/nn/sequence.h as autograd sees them.
namespace fdl::nn {

// Whether the fused layers take this: f32 on the CPU, no projection, sizes that a BLAS of 32 bits
// counts, and a BLAS to call.
bool can_fuse(const at::Tensor& x_BTH, const Stack& stack);

// As kernel.plain of a batch of whole sequences. A backward that is itself to be differentiated
// goes through kernel.plain.
std::vector<at::Tensor> run_fused(const RecurrentKernel& kernel, const at::Tensor& x_BTH,
                                  const Stack& stack);

}  // namespace fdl::nn
