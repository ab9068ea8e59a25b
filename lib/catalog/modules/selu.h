#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec selu_spec() {
  return elementwise("selu",
                     "scale * (max(0, x) + min(0, alpha * (exp(x) - 1))) with constants that keep "
                     "mean 0 and variance 1, element by element.",
                     4)
      .source("Klambauer et al. 2017, arXiv:1706.02515, equation 2")
      .example("selu");
}

}  // namespace fdl::catalog
