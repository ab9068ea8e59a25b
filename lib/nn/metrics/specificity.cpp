#include "lib/catalog/metrics/specificity.h"

#include "lib/nn/class_counts.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

Metric metric_specificity(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto& p = choice.as<catalog::SpecificityParams>();
  return averaged_metric(p, p, types, [](const ClassCounts& c) {
    return share(c.right_outside(), c.total - c.targets);
  });
}

}  // namespace fdl::nn
