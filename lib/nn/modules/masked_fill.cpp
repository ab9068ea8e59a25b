#include "lib/catalog/modules/masked_fill.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor masked_fill(const catalog::MaskedFillParams& p, const Tensors&,
                       const std::vector<at::Tensor>& inputs, StepContext&) {
  return inputs[0].masked_fill(inputs[1], p.value);
}

}  // namespace

Forward forward_masked_fill() { return forward_of(masked_fill); }

}  // namespace fdl::nn
