#include "lib/catalog/modules/relu6.h"

#include <ATen/ops/relu6.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_relu6() { return forward_of(at::relu6); }

}  // namespace fdl::nn
