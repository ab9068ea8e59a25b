#pragma once

#include "lib/catalog/class_metric.h"

namespace fdl::catalog {

struct PerplexityParams : ProbabilityParams {};

inline EntrySpec perplexity_spec() {
  return declare_class_metric<PerplexityParams>(
             "perplexity",
             "Exponential of the mean negative logarithm of the probability of the right class.",
             {false, false, false})
      .lower_is_better()
      .source("torchmetrics.text.Perplexity");
}

}  // namespace fdl::catalog
