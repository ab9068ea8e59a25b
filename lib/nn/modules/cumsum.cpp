#include "lib/catalog/modules/cumsum.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor cumsum(const catalog::CumsumParams& p, const Tensors&, const at::Tensor& x,
                  StepContext&) {
  return x.cumsum(p.dim);
}

}  // namespace

Forward forward_cumsum() { return forward_of(cumsum); }

}  // namespace fdl::nn
