#pragma once

#include "lib/catalog/class_metric.h"

namespace fdl::catalog {

struct F1Params : DecisionParams, AverageParams {};

inline EntrySpec f1_spec() {
  return declare_class_metric<F1Params>("f1", "Harmonic mean of precision and recall.")
      .source("scikit-learn f1_score");
}

}  // namespace fdl::catalog
