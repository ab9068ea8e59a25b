#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec reciprocal_spec() {
  return elementwise("reciprocal", "1 / x, element by element.")
      .input("input", DTypeClass::Floating)
      .positive()
      .keeps({"output"})
      .source("torch.reciprocal")
      .example("reciprocal");
}

}  // namespace fdl::catalog
