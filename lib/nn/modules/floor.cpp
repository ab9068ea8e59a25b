#include "lib/catalog/modules/floor.h"

#include <ATen/ops/floor.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_floor() { return forward_of(at::floor); }

}  // namespace fdl::nn
