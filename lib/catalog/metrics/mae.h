#pragma once

#include "lib/catalog/value_metric.h"

namespace fdl::catalog {

struct MaeParams {};

inline EntrySpec mae_spec() {
  return declare_value_metric<MaeParams>("mae", "Mean distance of the output from the target.")
      .source("scikit-learn mean_absolute_error");
}

}  // namespace fdl::catalog
