#pragma once

#include "lib/catalog/class_metric.h"

namespace fdl::catalog {

struct PrecisionParams : DecisionParams, AverageParams {};

inline EntrySpec precision_spec() {
  return declare_class_metric<PrecisionParams>("precision",
                                               "Share of the answers for a class that are right.")
      .source("scikit-learn precision_score");
}

}  // namespace fdl::catalog
