#pragma once

#include "lib/catalog/along_axis.h"

namespace fdl::catalog {

struct SoftminParams {
  std::int64_t dim = -1;
};

inline ModuleSpec softmin_spec() {
  return softmax_like<SoftminParams>("softmin", "exp(-x), divided by its sum along one axis.",
                                     "The axis along which the values sum to 1.")
      .keeps({"output"})
      .source("torch.nn.Softmin")
      .example("softmin: { dim: -1 }");
}

}  // namespace fdl::catalog
