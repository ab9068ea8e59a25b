#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec log1p_spec() {
  return elementwise("log1p", "The natural logarithm of 1 + x, element by element.")
      .input("input", DTypeClass::Floating)
      .positive()
      .source("torch.log1p")
      .example("log1p");
}

}  // namespace fdl::catalog
