#pragma once

#include "lib/catalog/class_metric.h"

namespace fdl::catalog::metrics {

struct DiceParams : DecisionParams, AverageParams {};

inline EntrySpec dice_spec() {
  return declare_class_metric<DiceParams>("dice",
                                          "Twice the overlap of answers and targets of a class "
                                          "over their sum, counted over all samples.")
      .source("torchmetrics.segmentation.DiceScore, counted over all samples; equal to f1");
}

}  // namespace fdl::catalog::metrics
