#include "lib/catalog/metrics/precision.h"

#include "lib/nn/class_counts.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

Metric metric_precision(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto& p = choice.as<catalog::PrecisionParams>();
  return averaged_metric(p, p, types,
                         [](const ClassCounts& c) { return share(c.right, c.answers); });
}

}  // namespace fdl::nn
