#include "lib/catalog/modules/softsign.h"

#include <ATen/ops/abs.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

at::Tensor softsign(const at::Tensor& x) { return x.div(at::abs(x).add(1)); }

}  // namespace

Forward forward_softsign() { return forward_of(softsign); }

}  // namespace fdl::nn
