#include "lib/catalog/metrics/recall.h"

#include "lib/nn/class_counts.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

Metric metric_recall(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto& p = choice.as<catalog::RecallParams>();
  return averaged_metric(p, p, types,
                         [](const ClassCounts& c) { return share(c.right, c.targets); });
}

}  // namespace fdl::nn
