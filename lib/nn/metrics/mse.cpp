#include "lib/catalog/metrics/mse.h"

#include "lib/nn/declarations.h"
#include "lib/nn/value_pairs.h"

namespace fdl::nn {

Metric metric_mse(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  (void)choice;
  return mean_metric(
      types, [](double x, double y, ExactSum& sum) { sum.add_product(x - y, x - y); },
      [](double mean) { return mean; });
}

}  // namespace fdl::nn
