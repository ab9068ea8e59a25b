#include "lib/catalog/modules/cast.h"

#include "lib/nn/declarations.h"
#include "lib/tensor/dtype.h"

namespace fdl::nn {
namespace {

at::Tensor cast(const catalog::CastParams& p, const Tensors&, const at::Tensor& x, StepContext&) {
  return x.to(tensor::scalar_type(*catalog::parse_dtype(p.dtype)));
}

}  // namespace

Forward forward_cast() { return forward_of(cast); }

}  // namespace fdl::nn
