#include "lib/catalog/modules/one_hot.h"

#include <ATen/ops/one_hot.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor one_hot(const catalog::OneHotParams& p, const Tensors&, const at::Tensor& x,
                   StepContext&) {
  return at::one_hot(x.to(at::kLong), p.num_classes);
}

}  // namespace

Forward forward_one_hot() { return forward_of(one_hot); }

}  // namespace fdl::nn
