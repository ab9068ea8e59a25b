#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec cos_spec() {
  return elementwise("cos", "The cosine of x in radians, element by element.")
      .source("torch.cos")
      .example("cos");
}

}  // namespace fdl::catalog
