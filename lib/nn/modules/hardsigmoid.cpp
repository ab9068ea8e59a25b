#include "lib/catalog/modules/hardsigmoid.h"

#include <ATen/ops/hardsigmoid.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_hardsigmoid() { return forward_of(at::hardsigmoid); }

}  // namespace fdl::nn
