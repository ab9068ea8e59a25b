#include "lib/catalog/modules/round.h"

#include <ATen/ops/round.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_round() { return forward_of(at::round); }

}  // namespace fdl::nn
