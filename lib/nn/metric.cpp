#include "lib/nn/metric.h"

#include <limits>
#include <string_view>

#include "lib/base/check.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {
namespace {

struct Row {
  std::string_view name;
  decltype(&bind_metric) bind;
};

constexpr Row kMetrics[] = {
#define FDL_METRIC(name) {#name, metric_##name},
#include "lib/catalog/metrics.inc"
#undef FDL_METRIC
};

}  // namespace

Metric bind_metric(const catalog::Choice& choice, const catalog::TensorType& output,
                   const catalog::TensorType& target) {
  for (const Row& row : kMetrics) {
    if (row.name == choice.name()) return row.bind(choice, output, target);
  }
  FDL_CHECK(!"a metric that the catalogue does not have");
  return {};
}

void RunningMean::add(const MetricValue& batch) {
  sum += batch.sum;
  num_targets += batch.num_targets;
}

void RunningMean::add(const LossValue& batch) {
  if (batch.num_targets == 0) return;  // the mean of nothing is not a number
  sum += batch.mean.item<double>() * static_cast<double>(batch.num_targets);
  num_targets += batch.num_targets;
}

double RunningMean::mean() const {
  if (num_targets == 0) return std::numeric_limits<double>::quiet_NaN();
  return sum / static_cast<double>(num_targets);
}

}  // namespace fdl::nn
