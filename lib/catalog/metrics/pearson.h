#pragma once

#include "lib/catalog/value_metric.h"

namespace fdl::catalog {

struct PearsonParams {};

inline EntrySpec pearson_spec() {
  return declare_value_metric<PearsonParams>(
             "pearson",
             "Correlation of output and target; the mean over the columns of [batch, outputs].")
      .higher_is_better()
      .source("scipy.stats.pearsonr");
}

}  // namespace fdl::catalog
