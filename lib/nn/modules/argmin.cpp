#include "lib/catalog/modules/argmin.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor argmin(const catalog::ArgminParams& p, const Tensors&, const at::Tensor& x,
                  StepContext&) {
  return x.argmin(p.dim, p.keepdim);
}

}  // namespace

Forward forward_argmin() { return forward_of(argmin); }

}  // namespace fdl::nn
