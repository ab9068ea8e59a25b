#include "lib/catalog/modules/unflatten.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor unflatten(const catalog::UnflattenParams& p, const Tensors&, const at::Tensor& x,
                     StepContext&) {
  return x.unflatten(p.dim, p.unflattened_size);
}

}  // namespace

Forward forward_unflatten() { return forward_of(unflatten); }

}  // namespace fdl::nn
