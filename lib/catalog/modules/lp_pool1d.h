#pragma once

#include "lib/catalog/pooling.h"

namespace fdl::catalog {

using LpPool1dParams = LpPoolParams<1>;

inline ModuleSpec lp_pool1d_spec() {
  return lp_pool_spec<1>("lp_pool1d: { norm_type: 2, kernel: 2 }");
}

}  // namespace fdl::catalog
