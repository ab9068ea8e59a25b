#include "lib/catalog/modules/erf.h"

#include <ATen/ops/erf.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_erf() { return forward_of(at::erf); }

}  // namespace fdl::nn
