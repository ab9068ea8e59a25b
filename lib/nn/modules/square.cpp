#include "lib/catalog/modules/square.h"

#include <ATen/ops/square.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_square() { return forward_of(at::square); }

}  // namespace fdl::nn
