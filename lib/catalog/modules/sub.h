#pragma once

#include "lib/catalog/combined.h"

namespace fdl::catalog {

inline ModuleSpec sub_spec() {
  return combined<NoParams>("sub", "The other input subtracted, element by element.")
      .keeps({})
      .source("torch.sub")
      .example("sub", {"f64[3, 4]", "f64[3, 1]"});
}

}  // namespace fdl::catalog
