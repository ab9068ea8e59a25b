#include "lib/catalog/modules/ceil.h"

#include <ATen/ops/ceil.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_ceil() { return forward_of(at::ceil); }

}  // namespace fdl::nn
