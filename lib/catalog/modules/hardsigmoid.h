#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec hardsigmoid_spec() {
  return elementwise("hardsigmoid", "max(0, min(1, x / 6 + 1 / 2)), element by element.", 4)
      .source("torch.nn.Hardsigmoid")
      .example("hardsigmoid");
}

}  // namespace fdl::catalog
