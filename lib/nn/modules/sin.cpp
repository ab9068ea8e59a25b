#include "lib/catalog/modules/sin.h"

#include <ATen/ops/sin.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_sin() { return forward_of(at::sin); }

}  // namespace fdl::nn
