#include "lib/catalog/modules/log.h"

#include <ATen/ops/log.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_log() { return forward_of(at::log); }

}  // namespace fdl::nn
