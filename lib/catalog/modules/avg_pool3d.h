#pragma once

#include "lib/catalog/pooling.h"

namespace fdl::catalog {

using AvgPool3dParams = AvgPoolParams<3>;

inline ModuleSpec avg_pool3d_spec() {
  return avg_pool_spec<3>("avg_pool3d: 2", {"f32[2, 4, 3, 4]"});
}

}  // namespace fdl::catalog
