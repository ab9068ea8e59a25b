#include "lib/catalog/modules/hardswish.h"

#include <ATen/ops/hardswish.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_hardswish() { return forward_of(at::hardswish); }

}  // namespace fdl::nn
