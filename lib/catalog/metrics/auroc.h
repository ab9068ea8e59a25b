#pragma once

#include "lib/catalog/class_metric.h"

namespace fdl::catalog {

struct AurocParams : RankingParams {};

inline EntrySpec auroc_spec() {
  return declare_ranking_metric<AurocParams>(
             "auroc", "Chance that a target of a class has a larger score than one outside it.")
      .source("scikit-learn roc_auc_score; several classes one against the rest");
}

}  // namespace fdl::catalog
