#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec ceil_spec() {
  return elementwise("ceil", "The smallest whole number that is at least x, element by element.")
      .keeps({})
      .source("torch.ceil")
      .example("ceil");
}

}  // namespace fdl::catalog
