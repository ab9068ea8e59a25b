#include "lib/catalog/modules/vecdot.h"

#include <ATen/ops/linalg_vecdot.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor vecdot(const catalog::VecdotParams& p, const Tensors&,
                  const std::vector<at::Tensor>& inputs, StepContext&) {
  return at::linalg_vecdot(inputs[0], inputs[1], p.dim);
}

}  // namespace

Forward forward_vecdot() { return forward_of(vecdot); }

}  // namespace fdl::nn
