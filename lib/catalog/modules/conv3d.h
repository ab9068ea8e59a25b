#pragma once

#include "lib/catalog/convolution.h"

namespace fdl::catalog {

using Conv3dParams = ConvolutionParams<3>;

inline ModuleSpec conv3d_spec() {
  return convolution_spec<3>("conv3d: { out: 4, kernel: 3, padding: same }", {"f32[2, 4, 3, 4]"});
}

}  // namespace fdl::catalog
