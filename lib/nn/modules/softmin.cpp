#include "lib/catalog/modules/softmin.h"

#include <ATen/ops/softmax.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor softmin(const catalog::SoftminParams& p, const Tensors&, const at::Tensor& x,
                   StepContext&) {
  return at::softmax(x.neg(), p.dim);
}

}  // namespace

Forward forward_softmin() { return forward_of(softmin); }

}  // namespace fdl::nn
