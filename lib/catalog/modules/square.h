#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec square_spec() {
  return elementwise("square", "x times x, element by element.")
      .source("torch.square")
      .example("square");
}

}  // namespace fdl::catalog
