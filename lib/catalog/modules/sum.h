#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

inline ModuleSpec sum_spec() {
  using P = ReductionParams;
  return reduction<P>("sum", "The sum over axes; of integers and bool in i64.", ReducedDType::Wide)
      .input("input", DTypeClass::Any)
      .keeps({})
      .source("torch.sum")
      .example("sum: -1");
}

}  // namespace fdl::catalog
