#include "lib/catalog/modules/cumprod.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor cumprod(const catalog::CumprodParams& p, const Tensors&, const at::Tensor& x,
                   StepContext&) {
  return x.cumprod(p.dim);
}

}  // namespace

Forward forward_cumprod() { return forward_of(cumprod); }

}  // namespace fdl::nn
