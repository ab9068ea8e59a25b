#pragma once

#include "lib/catalog/along_axis.h"

namespace fdl::catalog {

struct ArgminParams {
  std::int64_t dim = -1;
  bool keepdim = false;
};

inline ModuleSpec argmin_spec() {
  return place_along<ArgminParams>("argmin", "The place of the least value along one axis.")
      .keeps({})
      .source("torch.argmin")
      .example("argmin");
}

}  // namespace fdl::catalog
