#pragma once

#include "lib/catalog/value_metric.h"

namespace fdl::catalog {

struct MapeParams {};

inline EntrySpec mape_spec() {
  return declare_value_metric<MapeParams>(
             "mape", "Mean distance of the output from the target as a share of the target.")
      .source("scikit-learn mean_absolute_percentage_error");
}

}  // namespace fdl::catalog
