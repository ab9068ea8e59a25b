#pragma once

#include "lib/catalog/class_metric.h"

namespace fdl::catalog {

struct IouParams : DecisionParams, AverageParams {};

inline EntrySpec iou_spec() {
  return declare_class_metric<IouParams>(
             "iou",
             "Overlap of answers and targets of a class over their union, the Jaccard index.")
      .source("scikit-learn jaccard_score");
}

}  // namespace fdl::catalog
