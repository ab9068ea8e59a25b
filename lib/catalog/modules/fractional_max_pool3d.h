#pragma once

#include "lib/catalog/fractional_pooling.h"

namespace fdl::catalog {

using FractionalMaxPool3dParams = FractionalMaxPoolParams<3>;

inline ModuleSpec fractional_max_pool3d_spec() {
  return fractional_max_pool_spec<3>("fractional_max_pool3d: { kernel: 2, output_ratio: 0.6 }",
                                     {"f32[2, 5, 6, 4]"});
}

}  // namespace fdl::catalog
