#include "lib/catalog/modules/flatten.h"

#include <ATen/ops/flatten.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor flatten(const catalog::FlattenParams& p, const Tensors&, const at::Tensor& x,
                   StepContext&) {
  return at::flatten(x, p.start_dim, p.end_dim);
}

}  // namespace

Forward forward_flatten() { return forward_of(flatten); }

}  // namespace fdl::nn
