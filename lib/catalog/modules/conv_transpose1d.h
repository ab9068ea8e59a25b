#pragma once

#include "lib/catalog/convolution.h"

namespace fdl::catalog {

using ConvTranspose1dParams = TransposedConvolutionParams<1>;

inline ModuleSpec conv_transpose1d_spec() {
  return transposed_convolution_spec<1>("conv_transpose1d: { out: 4, kernel: 2, stride: 2 }");
}

}  // namespace fdl::catalog
