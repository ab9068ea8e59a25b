#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

inline ModuleSpec min_spec() {
  using P = ReductionParams;
  return reduction<P>("min", "The least value over axes.")
      .input("input", DTypeClass::Any)
      .keeps({"input", "output"})
      .source("torch.amin")
      .example("min: -1");
}

}  // namespace fdl::catalog
