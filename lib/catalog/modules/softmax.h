#pragma once

#include "lib/catalog/along_axis.h"

namespace fdl::catalog {

struct SoftmaxParams {
  std::int64_t dim = -1;
};

inline ModuleSpec softmax_spec() {
  return softmax_like<SoftmaxParams>("softmax", "exp(x), divided by its sum along one axis.",
                                     "The axis along which the values sum to 1.")
      .keeps({"output"})
      .source("torch.nn.Softmax")
      .example("softmax: { dim: -1 }");
}

}  // namespace fdl::catalog
