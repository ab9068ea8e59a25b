#pragma once

#include "lib/catalog/class_metric.h"

namespace fdl::catalog {

struct BalancedAccuracyParams : DecisionParams {};

inline EntrySpec balanced_accuracy_spec() {
  return declare_class_metric<BalancedAccuracyParams>(
             "balanced_accuracy",
             "Mean over the classes of the share of their targets that are found.")
      .source("scikit-learn balanced_accuracy_score");
}

}  // namespace fdl::catalog
