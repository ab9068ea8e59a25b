#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec relu6_spec() {
  return elementwise("relu6", "max(0, min(6, x)), element by element.", 2)
      .source("Howard et al. 2017, arXiv:1704.04861")
      .example("relu6");
}

}  // namespace fdl::catalog
