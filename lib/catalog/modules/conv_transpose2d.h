#pragma once

#include "lib/catalog/convolution.h"

namespace fdl::catalog {

using ConvTranspose2dParams = TransposedConvolutionParams<2>;

inline ModuleSpec conv_transpose2d_spec() {
  return transposed_convolution_spec<2>("conv_transpose2d: { out: 4, kernel: 2, stride: 2 }");
}

}  // namespace fdl::catalog
