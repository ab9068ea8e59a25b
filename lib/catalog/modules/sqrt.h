#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec sqrt_spec() {
  return elementwise("sqrt", "The square root of x, element by element.")
      .input("input", DTypeClass::Floating)
      .positive()
      .keeps({"output"})
      .source("torch.sqrt")
      .example("sqrt");
}

}  // namespace fdl::catalog
