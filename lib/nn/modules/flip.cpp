#include "lib/catalog/modules/flip.h"

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor flip(const catalog::FlipParams& p, const Tensors&, const at::Tensor& x, StepContext&) {
  return x.flip(catalog::axes_from_front(p.dims, x.sizes().size()));
}

}  // namespace

Forward forward_flip() { return forward_of(flip); }

}  // namespace fdl::nn
