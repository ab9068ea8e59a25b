#pragma once

#include "lib/catalog/convolution.h"

namespace fdl::catalog {

using ConvTranspose3dParams = TransposedConvolutionParams<3>;

inline ModuleSpec conv_transpose3d_spec() {
  return transposed_convolution_spec<3>("conv_transpose3d: { out: 4, kernel: 2, stride: 2 }",
                                        {"f32[2, 4, 3, 4]"});
}

}  // namespace fdl::catalog
