#include "lib/catalog/modules/softmax2d.h"

#include <ATen/ops/softmax.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor softmax2d(const at::Tensor& x) { return at::softmax(x, /*dim=*/1); }

}  // namespace

Forward forward_softmax2d() { return forward_of(softmax2d); }

}  // namespace fdl::nn
