#include "lib/catalog/modules/abs.h"

#include <ATen/ops/abs.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_abs() { return forward_of(at::abs); }

}  // namespace fdl::nn
