#include "lib/catalog/modules/einsum.h"

#include <ATen/ops/einsum.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor einsum(const catalog::EinsumParams& p, const Tensors&,
                  const std::vector<at::Tensor>& inputs, StepContext&) {
  std::vector<at::Tensor> given;
  for (const at::Tensor& input : inputs) {
    if (input.defined()) given.push_back(input);
  }
  return at::einsum(p.equation, given);
}

}  // namespace

Forward forward_einsum() { return forward_of(einsum); }

}  // namespace fdl::nn
