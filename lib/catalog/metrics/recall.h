#pragma once

#include "lib/catalog/class_metric.h"

namespace fdl::catalog {

struct RecallParams : DecisionParams, AverageParams {};

inline EntrySpec recall_spec() {
  return declare_class_metric<RecallParams>("recall",
                                            "Share of the targets of a class that are found.")
      .source("scikit-learn recall_score");
}

}  // namespace fdl::catalog
