#include "lib/catalog/metrics/auroc.h"

#include "lib/nn/declarations.h"
#include "lib/nn/ranking.h"

namespace fdl::nn {

namespace {

// Pairs of one of the class and one outside it that stand in the right order; equal scores count
// half. Whole numbers: no rounding.
double area(const std::vector<ScoreGroup>& groups) {
  std::int64_t num_inside = 0, num_outside = 0, twice = 0;
  for (const ScoreGroup& group : groups) {
    twice += (2 * num_inside + group.inside) * group.outside;
    num_inside += group.inside;
    num_outside += group.outside;
  }
  const double pairs = static_cast<double>(num_inside) * static_cast<double>(num_outside);
  return static_cast<double>(twice) / (2 * pairs);
}

}  // namespace

Metric metric_auroc(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  return ranking_metric(choice.as<catalog::AurocParams>(), types, area);
}

}  // namespace fdl::nn
