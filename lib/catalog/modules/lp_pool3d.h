#pragma once

#include "lib/catalog/pooling.h"

namespace fdl::catalog {

using LpPool3dParams = LpPoolParams<3>;

inline ModuleSpec lp_pool3d_spec() {
  ModuleSpec out = lp_pool_spec<3>("lp_pool3d: { norm_type: 2, kernel: 2 }", {"f32[2, 3, 4, 3]"});
  out.full_precision = true;
  return out;
}

}  // namespace fdl::catalog
