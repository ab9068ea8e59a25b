#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec neg_spec() {
  return elementwise("neg", "-x, element by element.").keeps({}).source("torch.neg").example("neg");
}

}  // namespace fdl::catalog
