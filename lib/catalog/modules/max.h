#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

inline ModuleSpec max_spec() {
  using P = ReductionParams;
  return reduction<P>("max", "The largest value over axes.")
      .input("input", DTypeClass::Any)
      .keeps({"input", "output"})
      .source("torch.amax")
      .example("max: -1");
}

}  // namespace fdl::catalog
