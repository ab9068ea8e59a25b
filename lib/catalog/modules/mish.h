#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec mish_spec() {
  return elementwise("mish", "x times tanh(log(1 + exp(x))), element by element.", 5)
      .source("Misra 2019, arXiv:1908.08681")
      .example("mish");
}

}  // namespace fdl::catalog
