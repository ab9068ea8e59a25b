#pragma once

#include "lib/catalog/pooling.h"

namespace fdl::catalog {

using AdaptiveMaxPool2dParams = AdaptivePoolParams<2>;

inline ModuleSpec adaptive_max_pool2d_spec() {
  return adaptive_pool_spec<2>(
      "max",
      "The largest values of windows that are chosen so that the output has the wanted size.");
}

}  // namespace fdl::catalog
