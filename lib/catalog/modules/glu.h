#pragma once

#include "lib/catalog/along_axis.h"

namespace fdl::catalog {

struct GluParams {
  std::int64_t dim = -1;
};

inline ModuleSpec glu_spec() {
  return gated_halves<GluParams>("glu",
                                 "The first half of an axis times the sigmoid of its second half.")
      .source("Dauphin et al. 2016, arXiv:1612.08083, equation 1; torch.nn.GLU")
      .example("glu");
}

}  // namespace fdl::catalog
