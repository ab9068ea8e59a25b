#pragma once

#include "lib/catalog/value_metric.h"

namespace fdl::catalog {

struct SpearmanParams {};

inline EntrySpec spearman_spec() {
  return declare_value_metric<SpearmanParams>(
             "spearman",
             "Correlation of the ranks of output and target, equal values sharing their mean rank; "
             "the mean over the columns of [batch, outputs].")
      .higher_is_better()
      .costly()
      .source("scipy.stats.spearmanr");
}

}  // namespace fdl::catalog
