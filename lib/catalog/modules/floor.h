#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec floor_spec() {
  return elementwise("floor", "The largest whole number that is at most x, element by element.")
      .keeps({})
      .source("torch.floor")
      .example("floor");
}

}  // namespace fdl::catalog
