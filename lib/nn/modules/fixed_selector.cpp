#include "lib/catalog/modules/fixed_selector.h"

#include <ATen/ops/full.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor fixed_selector(const catalog::FixedSelectorParams& p, const Tensors&,
                          const at::Tensor& x, StepContext&) {
  return at::full({x.size(0)}, p.index, at::TensorOptions(at::kLong).device(x.device()));
}

}  // namespace

Forward forward_fixed_selector() { return forward_of(fixed_selector); }

}  // namespace fdl::nn
