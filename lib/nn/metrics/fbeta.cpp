#include "lib/catalog/metrics/fbeta.h"

#include "lib/nn/class_counts.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

Metric metric_fbeta(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  const auto& p = choice.as<catalog::FbetaParams>();
  return averaged_metric(p, p, types, [square = p.beta * p.beta](const ClassCounts& c) {
    return share((1 + square) * c.right, c.answers + square * c.targets);
  });
}

}  // namespace fdl::nn
