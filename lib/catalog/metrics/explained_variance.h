#pragma once

#include "lib/catalog/value_metric.h"

namespace fdl::catalog {

struct ExplainedVarianceParams {
  std::string multioutput = "uniform_average";
};

inline EntrySpec explained_variance_spec() {
  return declare_value_metric<ExplainedVarianceParams>(
             "explained_variance",
             "As r2, where an error that is the same everywhere does not count. Each column of "
             "[batch, outputs] by itself, then their mean; values of other shapes are one column.")
      .param("multioutput", &ExplainedVarianceParams::multioutput,
             "How columns are joined: their mean, or weighted by the variance of their targets.",
             config::choices({"uniform_average", "variance_weighted"}))
      .higher_is_better()
      .source("scikit-learn explained_variance_score");
}

}  // namespace fdl::catalog
