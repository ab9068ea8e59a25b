#pragma once

#include "lib/catalog/pooling.h"

namespace fdl::catalog {

using AdaptiveAvgPool3dParams = AdaptivePoolParams<3>;

inline ModuleSpec adaptive_avg_pool3d_spec() {
  return adaptive_pool_spec<3>(
      "avg", "Average windows that are chosen so that the output has the wanted size.",
      {"f32[2, 4, 3, 4]"});
}

}  // namespace fdl::catalog
