#pragma once

#include "lib/catalog/axis_list.h"

namespace fdl::catalog {

inline ModuleSpec logsumexp_spec() {
  using P = ReductionParams;
  return reduction<P>("logsumexp", "The logarithm of the sum of exp(x) over axes.")
      .keeps({"input", "output"})
      .source("torch.logsumexp")
      .example("logsumexp: -1");
}

}  // namespace fdl::catalog
