#include "lib/nn/dropout.h"

#include "lib/catalog/modules/dropout.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor dropout(const catalog::DropoutParams& p, const Tensors&, const at::Tensor& x,
                   StepContext& context) {
  return dropout_of(context, p.p)(x);
}

}  // namespace

Forward forward_dropout() { return forward_of(dropout); }

}  // namespace fdl::nn
