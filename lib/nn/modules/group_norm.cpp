#include "lib/catalog/modules/group_norm.h"

#include <ATen/ops/group_norm.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor group_norm(const catalog::GroupNormParams& p, const Tensors& own, const at::Tensor& x,
                      StepContext&) {
  return at::group_norm(x, p.num_groups, own["weight"], own["bias"], p.eps);
}

}  // namespace

Forward forward_group_norm() { return forward_of(group_norm); }

}  // namespace fdl::nn
