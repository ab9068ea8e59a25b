#include "lib/catalog/modules/permute.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor permute(const catalog::PermuteParams& p, const Tensors&, const at::Tensor& x,
                   StepContext&) {
  return x.permute(p.dims);
}

}  // namespace

Forward forward_permute() { return forward_of(permute); }

}  // namespace fdl::nn
