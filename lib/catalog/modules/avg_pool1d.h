#pragma once

#include "lib/catalog/pooling.h"

namespace fdl::catalog {

using AvgPool1dParams = AvgPoolParams<1>;

inline ModuleSpec avg_pool1d_spec() { return avg_pool_spec<1>("avg_pool1d: 2"); }

}  // namespace fdl::catalog
