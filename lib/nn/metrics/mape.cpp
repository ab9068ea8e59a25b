#include "lib/catalog/metrics/mape.h"

#include <cmath>
#include <limits>

#include "lib/nn/declarations.h"
#include "lib/nn/value_pairs.h"

namespace fdl::nn {

Metric metric_mape(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  (void)choice;
  return mean_metric(
      types,
      [](double x, double y, ExactSum& sum) {
        // Below this a target counts as this, so that a target of 0 gives a number.
        constexpr double kLeast = std::numeric_limits<double>::epsilon();
        sum.add(std::abs(x - y) / std::max(std::abs(y), kLeast));
      },
      [](double mean) { return mean; });
}

}  // namespace fdl::nn
