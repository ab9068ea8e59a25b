#include "lib/catalog/modules/sqrt.h"

#include <ATen/ops/sqrt.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_sqrt() { return forward_of(at::sqrt); }

}  // namespace fdl::nn
