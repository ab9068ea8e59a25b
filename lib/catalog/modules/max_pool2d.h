#pragma once

#include "lib/catalog/pooling.h"

namespace fdl::catalog {

using MaxPool2dParams = MaxPoolParams<2>;

inline ModuleSpec max_pool2d_spec() { return max_pool_spec<2>("max_pool2d: 2"); }

}  // namespace fdl::catalog
