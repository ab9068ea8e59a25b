#pragma once

#include "lib/catalog/pooling.h"

namespace fdl::catalog {

using LpPool2dParams = LpPoolParams<2>;

inline ModuleSpec lp_pool2d_spec() {
  return lp_pool_spec<2>("lp_pool2d: { norm_type: 2, kernel: 2 }");
}

}  // namespace fdl::catalog
