#include "lib/catalog/modules/log_sigmoid.h"

#include <ATen/ops/log_sigmoid.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_log_sigmoid() { return forward_of(at::log_sigmoid); }

}  // namespace fdl::nn
