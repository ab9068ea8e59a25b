#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec erf_spec() {
  return elementwise("erf", "The error function of x, element by element.")
      .source("torch.erf")
      .example("erf");
}

}  // namespace fdl::catalog
