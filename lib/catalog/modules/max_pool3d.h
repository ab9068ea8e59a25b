#pragma once

#include "lib/catalog/pooling.h"

namespace fdl::catalog {

using MaxPool3dParams = MaxPoolParams<3>;

inline ModuleSpec max_pool3d_spec() {
  return max_pool_spec<3>("max_pool3d: 2", {"f32[2, 4, 3, 4]"});
}

}  // namespace fdl::catalog
