#pragma once

#include "lib/catalog/class_metric.h"

namespace fdl::catalog {

struct AccuracyParams : DecisionParams {};

inline EntrySpec accuracy_spec() {
  return declare_class_metric<AccuracyParams>(
             "accuracy",
             "Share of targets that the output gets right: its largest class, or each decision.",
             {true, true, false})
      .source("scikit-learn accuracy_score");
}

}  // namespace fdl::catalog
