#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec log_spec() {
  return elementwise("log", "The natural logarithm of x, element by element.")
      .input("input", DTypeClass::Floating)
      .positive()
      .source("torch.log")
      .example("log");
}

}  // namespace fdl::catalog
