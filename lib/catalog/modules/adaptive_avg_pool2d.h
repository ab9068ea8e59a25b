#pragma once

#include "lib/catalog/pooling.h"

namespace fdl::catalog {

using AdaptiveAvgPool2dParams = AdaptivePoolParams<2>;

inline ModuleSpec adaptive_avg_pool2d_spec() {
  return adaptive_pool_spec<2>(
      "avg", "Average windows that are chosen so that the output has the wanted size.");
}

}  // namespace fdl::catalog
