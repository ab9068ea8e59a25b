#pragma once

#include "lib/catalog/pooling.h"

namespace fdl::catalog {

using AdaptiveMaxPool1dParams = AdaptivePoolParams<1>;

inline ModuleSpec adaptive_max_pool1d_spec() {
  return adaptive_pool_spec<1>(
      "max",
      "The largest values of windows that are chosen so that the output has the wanted size.");
}

}  // namespace fdl::catalog
