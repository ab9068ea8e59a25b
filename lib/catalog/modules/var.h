#pragma once

#include "lib/catalog/spread.h"

namespace fdl::catalog {

inline ModuleSpec var_spec() {
  return spread("var", "The variance over axes.").source("torch.var").example("var: -1");
}

}  // namespace fdl::catalog
