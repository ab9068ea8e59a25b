#pragma once

#include "lib/catalog/value_metric.h"

namespace fdl::catalog {

struct RmseParams {};

inline EntrySpec rmse_spec() {
  return declare_value_metric<RmseParams>(
             "rmse", "Root of the mean square of the distance of the output from the target.")
      .source("scikit-learn root_mean_squared_error of all values together");
}

}  // namespace fdl::catalog
