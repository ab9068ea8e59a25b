#include "lib/catalog/modules/sub.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor sub(const catalog::NoParams&, const Tensors&, const std::vector<at::Tensor>& inputs,
               StepContext&) {
  return inputs[0].sub(inputs[1]);
}

}  // namespace

Forward forward_sub() { return forward_of(sub); }

}  // namespace fdl::nn
