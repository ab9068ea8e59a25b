#include "lib/catalog/modules/silu.h"

#include <ATen/ops/silu.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_silu() { return forward_of(at::silu); }

}  // namespace fdl::nn
