#include "lib/catalog/metrics/f1.h"

#include "lib/nn/class_counts.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

Metric metric_f1(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto& p = choice.as<catalog::F1Params>();
  return averaged_metric(
      p, p, types, [](const ClassCounts& c) { return share(2 * c.right, c.answers + c.targets); });
}

}  // namespace fdl::nn
