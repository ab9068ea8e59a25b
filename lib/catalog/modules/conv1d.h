#pragma once

#include "lib/catalog/convolution.h"

namespace fdl::catalog {

using Conv1dParams = ConvolutionParams<1>;

inline ModuleSpec conv1d_spec() {
  return convolution_spec<1>("conv1d: { out: 4, kernel: 3, padding: same }");
}

}  // namespace fdl::catalog
