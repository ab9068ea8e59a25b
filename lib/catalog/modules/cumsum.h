#pragma once

#include "lib/catalog/along_axis.h"

namespace fdl::catalog {

struct CumsumParams {
  std::int64_t dim = 1;
};

inline ModuleSpec cumsum_spec() {
  return cumulative<CumsumParams>("cumsum", "The sum of all elements of an axis up to each place.")
      .keeps({})
      .source("torch.cumsum")
      .example("cumsum: 1");
}

}  // namespace fdl::catalog
