#pragma once

#include "lib/catalog/class_metric.h"

namespace fdl::catalog {

struct SpecificityParams : DecisionParams, AverageParams {};

inline EntrySpec specificity_spec() {
  return declare_class_metric<SpecificityParams>(
             "specificity", "Share of the targets outside a class that are not taken for it.")
      .source("torchmetrics.Specificity");
}

}  // namespace fdl::catalog
