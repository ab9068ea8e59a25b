#pragma once

#include "lib/catalog/value_metric.h"

namespace fdl::catalog::metrics {

struct MseParams {};

inline EntrySpec mse_spec() {
  return declare_value_metric<MseParams>(
             "mse", "Mean square of the distance of the output from the target.")
      .source("scikit-learn mean_squared_error");
}

}  // namespace fdl::catalog::metrics
