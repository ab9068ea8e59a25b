#include "lib/catalog/metrics/average_precision.h"

#include "lib/nn/declarations.h"
#include "lib/nn/ranking.h"

namespace fdl::nn {

namespace {

double precision_over_recall(const std::vector<ScoreGroup>& groups) {
  double num_inside = 0, num_answers = 0, sum = 0;
  for (const ScoreGroup& group : groups) {
    const auto inside = static_cast<double>(group.inside);
    num_inside += inside;
    num_answers += inside + static_cast<double>(group.outside);
    sum += num_inside / num_answers * inside;
  }
  return sum / num_inside;
}

}  // namespace

Metric metric_average_precision(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  return ranking_metric(choice.as<catalog::AveragePrecisionParams>(), types, precision_over_recall);
}

}  // namespace fdl::nn
