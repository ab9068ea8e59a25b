#include "lib/catalog/modules/mish.h"

#include <ATen/ops/mish.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_mish() { return forward_of(at::mish); }

}  // namespace fdl::nn
