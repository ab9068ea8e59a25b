#pragma once

#include "lib/catalog/pooling.h"

namespace fdl::catalog {

using AdaptiveAvgPool1dParams = AdaptivePoolParams<1>;

inline ModuleSpec adaptive_avg_pool1d_spec() {
  return adaptive_pool_spec<1>(
      "avg", "Average windows that are chosen so that the output has the wanted size.");
}

}  // namespace fdl::catalog
