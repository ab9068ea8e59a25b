#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

inline ModuleSpec mean_spec() {
  using P = ReductionParams;
  return reduction<P>("mean", "The mean over axes.")
      .keeps({})
      .source("torch.mean")
      .example("mean: -1");
}

}  // namespace fdl::catalog
