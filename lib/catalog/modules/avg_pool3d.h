#pragma once

#include "lib/catalog/pooling.h"

namespace fdl::catalog {

using AvgPool3dParams = AvgPoolParams<3>;

inline ModuleSpec avg_pool3d_spec() {
  ModuleSpec out = avg_pool_spec<3>("avg_pool3d: 2", {"f32[2, 4, 3, 4]"});
  out.full_precision = true;
  return out;
}

}  // namespace fdl::catalog
