#include "lib/catalog/modules/gather.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor gather(const catalog::GatherParams& p, const Tensors&,
                  const std::vector<at::Tensor>& inputs, StepContext&) {
  return inputs[0].gather(p.dim, inputs[1].to(at::kLong));
}

}  // namespace

Forward forward_gather() { return forward_of(gather); }

}  // namespace fdl::nn
