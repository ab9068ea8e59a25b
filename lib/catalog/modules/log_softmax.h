#pragma once

#include "lib/catalog/along_axis.h"

namespace fdl::catalog {

struct LogSoftmaxParams {
  std::int64_t dim = -1;
};

inline ModuleSpec log_softmax_spec() {
  return softmax_like<LogSoftmaxParams>(
             "log_softmax", "x minus the logarithm of the sum of exp(x) along one axis.",
             "The axis along which the exponentials sum to 1.")
      .keeps({"output"})
      .source("torch.nn.LogSoftmax")
      .example("log_softmax: { dim: -1 }");
}

}  // namespace fdl::catalog
