#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

inline ModuleSpec prod_spec() {
  using P = ReductionParams;
  return reduction<P>("prod", "The product over axes; of integers and bool in i64.",
                      ReducedDType::Wide)
      .input("input", DTypeClass::Any)
      .keeps({"input", "output"})
      .source("torch.prod")
      .example("prod: -1");
}

}  // namespace fdl::catalog
