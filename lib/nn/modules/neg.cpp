#include "lib/catalog/modules/neg.h"

#include <ATen/ops/neg.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_neg() { return forward_of(at::neg); }

}  // namespace fdl::nn
