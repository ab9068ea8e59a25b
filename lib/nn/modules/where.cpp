#include "lib/catalog/modules/where.h"

#include <ATen/ops/where.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor where(const catalog::NoParams&, const Tensors&, const std::vector<at::Tensor>& inputs,
                 StepContext&) {
  return at::where(inputs[1], inputs[0], inputs[2]);
}

}  // namespace

Forward forward_where() { return forward_of(where); }

}  // namespace fdl::nn
