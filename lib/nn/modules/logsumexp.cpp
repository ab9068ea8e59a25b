#include "lib/catalog/modules/logsumexp.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor logsumexp(const catalog::ReductionParams& p, const Tensors&, const at::Tensor& x,
                     StepContext&) {
  return x.logsumexp(catalog::axes_from_front(p.dim, x.sizes().size()), p.keepdim);
}

}  // namespace

Forward forward_logsumexp() { return forward_of(logsumexp); }

}  // namespace fdl::nn
