#include "lib/catalog/modules/tanhshrink.h"

#include <ATen/ops/tanh.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor tanhshrink(const at::Tensor& x) { return x.sub(at::tanh(x)); }

}  // namespace

Forward forward_tanhshrink() { return forward_of(tanhshrink); }

}  // namespace fdl::nn
