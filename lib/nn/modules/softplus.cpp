#include "lib/catalog/modules/softplus.h"

#include <ATen/ops/softplus.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor softplus(const catalog::SoftplusParams& p, const Tensors&, const at::Tensor& x,
                    StepContext&) {
  return at::softplus(x, p.beta, p.threshold);
}

}  // namespace

Forward forward_softplus() { return forward_of(softplus); }

}  // namespace fdl::nn
