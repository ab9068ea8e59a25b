#include "lib/catalog/modules/log_softmax.h"

#include <ATen/ops/log_softmax.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor log_softmax(const catalog::LogSoftmaxParams& p, const Tensors&, const at::Tensor& x,
                       StepContext&) {
  return at::log_softmax(x, p.dim);
}

}  // namespace

Forward forward_log_softmax() { return forward_of(log_softmax); }

}  // namespace fdl::nn
