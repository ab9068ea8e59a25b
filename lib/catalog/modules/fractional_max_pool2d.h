#pragma once

#include "lib/catalog/fractional_pooling.h"

namespace fdl::catalog {

using FractionalMaxPool2dParams = FractionalMaxPoolParams<2>;

inline ModuleSpec fractional_max_pool2d_spec() {
  return fractional_max_pool_spec<2>("fractional_max_pool2d: { kernel: 2, output_ratio: 0.6 }",
                                     {"f32[2, 7, 6]"});
}

}  // namespace fdl::catalog
