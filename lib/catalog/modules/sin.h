#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec sin_spec() {
  return elementwise("sin", "The sine of x in radians, element by element.")
      .source("torch.sin")
      .example("sin");
}

}  // namespace fdl::catalog
