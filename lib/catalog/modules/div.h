#pragma once

#include "lib/catalog/combined.h"

namespace fdl::catalog {

inline ModuleSpec div_spec() {
  return combined<NoParams>("div", "Divided by the other input, element by element.")
      .positive()
      .source("torch.div")
      .example("div", {"f64[3, 4]", "f64[3, 1]"});
}

}  // namespace fdl::catalog
