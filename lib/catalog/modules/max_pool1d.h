#pragma once

#include "lib/catalog/pooling.h"

namespace fdl::catalog {

using MaxPool1dParams = MaxPoolParams<1>;

inline ModuleSpec max_pool1d_spec() { return max_pool_spec<1>("max_pool1d: 2"); }

}  // namespace fdl::catalog
