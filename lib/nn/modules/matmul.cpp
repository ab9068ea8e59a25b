#include "lib/catalog/modules/matmul.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor matmul(const catalog::NoParams&, const Tensors&, const std::vector<at::Tensor>& inputs,
                  StepContext&) {
  return inputs[0].matmul(inputs[1]);
}

}  // namespace

Forward forward_matmul() { return forward_of(matmul); }

}  // namespace fdl::nn
