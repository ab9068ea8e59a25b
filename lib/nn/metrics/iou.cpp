#include "lib/catalog/metrics/iou.h"

#include "lib/nn/class_counts.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

Metric metric_iou(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto& p = choice.as<catalog::IouParams>();
  return averaged_metric(p, p, types, [](const ClassCounts& c) {
    return share(c.right, c.answers + c.targets - c.right);
  });
}

}  // namespace fdl::nn
