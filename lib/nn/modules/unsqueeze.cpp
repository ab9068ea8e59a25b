#include "lib/catalog/modules/unsqueeze.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor unsqueeze(const catalog::UnsqueezeParams& p, const Tensors&, const at::Tensor& x,
                     StepContext&) {
  return x.unsqueeze(p.dim);
}

}  // namespace

Forward forward_unsqueeze() { return forward_of(unsqueeze); }

}  // namespace fdl::nn
