#pragma once

#include "lib/catalog/spread.h"

namespace fdl::catalog {

inline ModuleSpec std_spec() {
  return spread("std", "The standard deviation over axes.")
      .keeps({"input", "output"})
      .source("torch.std")
      .example("std: -1");
}

}  // namespace fdl::catalog
