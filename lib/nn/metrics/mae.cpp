#include "lib/catalog/metrics/mae.h"

#include <cmath>

#include "lib/nn/declarations.h"
#include "lib/nn/value_pairs.h"

namespace fdl::nn {

Metric metric_mae(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  (void)choice;
  return mean_metric(
      types, [](double x, double y, ExactSum& sum) { sum.add(std::abs(x - y)); },
      [](double mean) { return mean; });
}

}  // namespace fdl::nn
