#include "lib/catalog/modules/select.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor select(const catalog::SelectParams& p, const Tensors&, const at::Tensor& x,
                  StepContext&) {
  return x.select(p.dim, p.index);
}

}  // namespace

Forward forward_select() { return forward_of(select); }

}  // namespace fdl::nn
