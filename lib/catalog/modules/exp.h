#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec exp_spec() {
  return elementwise("exp", "e to the power x, element by element.")
      .keeps({"output"})
      .source("torch.exp")
      .example("exp");
}

}  // namespace fdl::catalog
