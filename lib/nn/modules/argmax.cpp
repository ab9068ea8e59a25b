#include "lib/catalog/modules/argmax.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor argmax(const catalog::ArgmaxParams& p, const Tensors&, const at::Tensor& x,
                  StepContext&) {
  return x.argmax(p.dim, p.keepdim);
}

}  // namespace

Forward forward_argmax() { return forward_of(argmax); }

}  // namespace fdl::nn
