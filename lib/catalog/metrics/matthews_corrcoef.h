#pragma once

#include "lib/catalog/class_metric.h"

namespace fdl::catalog {

struct MatthewsCorrcoefParams : DecisionParams {};

inline EntrySpec matthews_corrcoef_spec() {
  return declare_class_metric<MatthewsCorrcoefParams>(
             "matthews_corrcoef", "Correlation of answers and targets, over all classes.")
      .source("scikit-learn matthews_corrcoef; Gorodkin 2004");
}

}  // namespace fdl::catalog
