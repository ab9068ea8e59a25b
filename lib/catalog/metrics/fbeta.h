#pragma once

#include "lib/catalog/class_metric.h"

namespace fdl::catalog {

struct FbetaParams : DecisionParams, AverageParams {
  double beta = 2;
};

inline EntrySpec fbeta_spec() {
  return declare_class_metric<FbetaParams>(
             "fbeta",
             "Harmonic mean of precision and recall, in which recall counts beta times as much.")
      .param("beta", &FbetaParams::beta, "How much recall counts.", config::above(0))
      .source("scikit-learn fbeta_score");
}

}  // namespace fdl::catalog
