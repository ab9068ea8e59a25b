#include "lib/catalog/modules/softmax.h"

#include <ATen/ops/softmax.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor softmax(const catalog::SoftmaxParams& p, const Tensors&, const at::Tensor& x,
                   StepContext&) {
  return at::softmax(x, p.dim);
}

}  // namespace

Forward forward_softmax() { return forward_of(softmax); }

}  // namespace fdl::nn
