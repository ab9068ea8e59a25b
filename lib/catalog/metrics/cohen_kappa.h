#pragma once

#include "lib/catalog/class_metric.h"

namespace fdl::catalog {

struct CohenKappaParams : DecisionParams {};

inline EntrySpec cohen_kappa_spec() {
  return declare_class_metric<CohenKappaParams>(
             "cohen_kappa", "Agreement of answers and targets beyond what chance gives.")
      .source("scikit-learn cohen_kappa_score");
}

}  // namespace fdl::catalog
