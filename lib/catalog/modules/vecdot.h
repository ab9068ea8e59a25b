#pragma once

#include "lib/catalog/combined.h"

namespace fdl::catalog {

struct VecdotParams {
  std::int64_t dim = -1;
};

inline ModuleSpec vecdot_spec() {
  using P = VecdotParams;
  return along_both<P>("vecdot", "The sum of the products of two inputs along one axis.")
      .source("torch.linalg.vecdot")
      .example("vecdot", {"f64[3, 4]", "f64[3, 4]"});
}

}  // namespace fdl::catalog
