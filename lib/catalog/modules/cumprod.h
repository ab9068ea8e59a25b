#pragma once

#include "lib/catalog/along_axis.h"

namespace fdl::catalog {

struct CumprodParams {
  std::int64_t dim = 1;
};

inline ModuleSpec cumprod_spec() {
  return cumulative<CumprodParams>("cumprod",
                                   "The product of all elements of an axis up to each place.")
      .keeps({"input", "output"})
      .source("torch.cumprod")
      .example("cumprod: 1");
}

}  // namespace fdl::catalog
