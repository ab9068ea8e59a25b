#pragma once

#include "lib/catalog/value_metric.h"

namespace fdl::catalog {

struct R2Params {
  std::string multioutput = "uniform_average";
};

inline EntrySpec r2_spec() {
  return declare_value_metric<R2Params>(
             "r2",
             "Share of the variance of the targets that the output explains. Each column of "
             "[batch, outputs] by itself, then their mean; values of other shapes are one column.")
      .param("multioutput", &R2Params::multioutput,
             "How columns are joined: their mean, or weighted by the variance of their targets.",
             config::choices({"uniform_average", "variance_weighted"}))
      .higher_is_better()
      .source("scikit-learn r2_score");
}

}  // namespace fdl::catalog
