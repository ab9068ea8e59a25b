#include "lib/catalog/modules/cos.h"

#include <ATen/ops/cos.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_cos() { return forward_of(at::cos); }

}  // namespace fdl::nn
