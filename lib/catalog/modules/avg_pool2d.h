#pragma once

#include "lib/catalog/pooling.h"

namespace fdl::catalog {

using AvgPool2dParams = AvgPoolParams<2>;

inline ModuleSpec avg_pool2d_spec() { return avg_pool_spec<2>("avg_pool2d: 2"); }

}  // namespace fdl::catalog
