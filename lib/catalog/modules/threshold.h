#pragma once

#include "lib/catalog/elementwise.h"

namespace fdl::catalog {

struct ThresholdParams {
  double threshold = 0;
  double value = 0;
};

inline ModuleSpec threshold_spec() {
  using P = ThresholdParams;
  return elementwise<P>("threshold",
                        "x where it is above a threshold, else a fixed value, element by element.")
      .param("threshold", &P::threshold, "What x must be above to stay.", config::required)
      .param("value", &P::value, "What the others become.", config::required)
      .source("torch.nn.Threshold")
      .example("threshold: { threshold: 0.1, value: -1 }");
}

}  // namespace fdl::catalog
