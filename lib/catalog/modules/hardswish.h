#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec hardswish_spec() {
  return elementwise("hardswish", "x times max(0, min(1, x / 6 + 1 / 2)), element by element.", 5)
      .source("Howard et al. 2019, arXiv:1905.02244, section 5.2")
      .example("hardswish");
}

}  // namespace fdl::catalog
