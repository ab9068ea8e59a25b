#pragma once

#include "lib/catalog/along_axis.h"

namespace fdl::catalog {

struct ArgmaxParams {
  std::int64_t dim = -1;
  bool keepdim = false;
};

inline ModuleSpec argmax_spec() {
  return place_along<ArgmaxParams>("argmax", "The place of the largest value along one axis.")
      .keeps({})
      .source("torch.argmax")
      .example("argmax");
}

}  // namespace fdl::catalog
