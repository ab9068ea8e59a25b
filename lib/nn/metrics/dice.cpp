#include "lib/catalog/metrics/dice.h"

#include "lib/nn/class_counts.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

Metric metric_dice(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto& p = choice.as<catalog::metrics::DiceParams>();
  return averaged_metric(
      p, p, types, [](const ClassCounts& c) { return share(2 * c.right, c.answers + c.targets); });
}

}  // namespace fdl::nn
