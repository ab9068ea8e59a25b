#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec abs_spec() {
  return elementwise("abs", "The absolute value of x, element by element.")
      .source("torch.abs")
      .example("abs");
}

}  // namespace fdl::catalog
