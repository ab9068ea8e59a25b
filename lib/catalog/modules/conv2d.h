#pragma once

#include "lib/catalog/convolution.h"

namespace fdl::catalog {

using Conv2dParams = ConvolutionParams<2>;

inline ModuleSpec conv2d_spec() {
  return convolution_spec<2>("conv2d: { out: 32, kernel: 3, padding: same }");
}

}  // namespace fdl::catalog
