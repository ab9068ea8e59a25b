#include "lib/catalog/modules/log1p.h"

#include <ATen/ops/log1p.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_log1p() { return forward_of(at::log1p); }

}  // namespace fdl::nn
