#include "lib/catalog/modules/exp.h"

#include <ATen/ops/exp.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_exp() { return forward_of(at::exp); }

}  // namespace fdl::nn
