#pragma once

#include "lib/catalog/class_metric.h"

namespace fdl::catalog {

struct AveragePrecisionParams : RankingParams {};

inline EntrySpec average_precision_spec() {
  return declare_ranking_metric<AveragePrecisionParams>(
             "average_precision",
             "Mean of the precision at each threshold, weighted by the recall it adds.")
      .source("scikit-learn average_precision_score; several classes one against the rest");
}

}  // namespace fdl::catalog
