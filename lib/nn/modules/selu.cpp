#include "lib/catalog/modules/selu.h"

#include <ATen/ops/selu.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_selu() { return forward_of(at::selu); }

}  // namespace fdl::nn
