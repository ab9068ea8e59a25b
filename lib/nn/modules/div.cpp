#include "lib/catalog/modules/div.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor div(const catalog::NoParams&, const Tensors&, const std::vector<at::Tensor>& inputs,
               StepContext&) {
  return inputs[0].div(inputs[1]);
}

}  // namespace

Forward forward_div() { return forward_of(div); }

}  // namespace fdl::nn
