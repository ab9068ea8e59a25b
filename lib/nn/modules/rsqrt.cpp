#include "lib/catalog/modules/rsqrt.h"

#include <ATen/ops/rsqrt.h>

#include "lib/nn/declarations.h"

namespace fdl::nn {

Forward forward_rsqrt() { return forward_of(at::rsqrt); }

}  // namespace fdl::nn
