#pragma once

#include "lib/catalog/class_metric.h"

namespace fdl::catalog {

struct BrierParams : ProbabilityParams {};

inline EntrySpec brier_spec() {
  return declare_class_metric<BrierParams>(
             "brier",
             "Mean square of the distance between probabilities and what came, summed over the "
             "classes of a target.",
             {true, true, false})
      .lower_is_better()
      .source("Brier 1950; scikit-learn brier_score_loss");
}

}  // namespace fdl::catalog
