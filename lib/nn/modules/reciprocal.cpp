#include "lib/catalog/modules/reciprocal.h"

#include <ATen/ops/reciprocal.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_reciprocal() { return forward_of(at::reciprocal); }

}  // namespace fdl::nn
