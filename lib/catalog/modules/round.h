#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

inline ModuleSpec round_spec() {
  return elementwise("round", "The nearest whole number, the even one of two, element by element.")
      .keeps({})
      .source("torch.round")
      .example("round");
}

}  // namespace fdl::catalog
