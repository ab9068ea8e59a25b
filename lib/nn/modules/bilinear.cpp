#include "lib/catalog/modules/bilinear.h"

#include <ATen/ops/bilinear.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor bilinear(const catalog::BilinearParams&, const Tensors& own,
                    const std::vector<at::Tensor>& inputs, StepContext&) {
  return at::bilinear(inputs[0], inputs[1], own["weight"], own["bias"]);
}

}  // namespace

Forward forward_bilinear() { return forward_of(bilinear); }

}  // namespace fdl::nn
