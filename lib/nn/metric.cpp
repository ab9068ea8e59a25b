#include "lib/nn/metric.h"

#include <cmath>
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

// a + b without loss: the rounded sum and what it lacks.
ExactSum two_sum(double a, double b) {
  const double sum = a + b, b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}

ExactSum renormalised(double high, double low) {
  const double sum = high + low;
  return {sum, low - (sum - high)};
}

}  // namespace

void ExactSum::add(double value) {
  const ExactSum sum = two_sum(high, value);
  *this = renormalised(sum.high, sum.low + low);
}

void ExactSum::add(const ExactSum& other) {
  const ExactSum sum = two_sum(high, other.high), rest = two_sum(low, other.low);
  const ExactSum first = renormalised(sum.high, sum.low + rest.high);
  *this = renormalised(first.high, first.low + rest.low);
}

void ExactSum::add_product(double a, double b) {
  const double rounded = a * b;
  add(ExactSum{rounded, std::fma(a, b, -rounded)});
}

ExactSum product(const ExactSum& a, const ExactSum& b) {
  const double rounded = a.high * b.high;
  const double rest = std::fma(a.high, b.high, -rounded) + (a.high * b.low + a.low * b.high);
  return renormalised(rounded, rest);
}

ExactSum difference(const ExactSum& a, const ExactSum& b) {
  ExactSum out = a;
  out.add(ExactSum{-b.high, -b.low});
  return out;
}

void MetricState::merge(const MetricState& other) {
  FDL_CHECK(counts.size() == other.counts.size() && sums.size() == other.sums.size());
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i].add(other.sums[i]);
  kept.insert(kept.end(), other.kept.begin(), other.kept.end());
}

Metric bind_metric(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  for (const Row& row : kMetrics) {
    if (row.name == choice.name()) return row.bind(choice, types);
  }
  FDL_CHECK(!"a metric that the catalogue does not have");
  return {};
}

void RunningMean::add(const LossValue& batch) {
  const double more = batch.weight;
  if (more != 0) add(batch.mean.item<double>(), more);
}

void RunningMean::add(double batch_mean, double batch_weight) {
  if (batch_weight == 0) return;  // the mean of nothing is not a number
  sum += batch_mean * batch_weight;
  weight += batch_weight;
}

double RunningMean::mean() const {
  if (weight == 0) return std::numeric_limits<double>::quiet_NaN();
  return sum / weight;
}

}  // namespace fdl::nn
