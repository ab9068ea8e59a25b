#include "lib/catalog/metrics/balanced_accuracy.h"

#include "lib/nn/class_counts.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

namespace {

// Recall of what is the class and of what is not; one of them where there is nothing of the other.
double of_decision(const ClassCounts& c) {
  const double outside = c.total - c.targets;
  return weighted_mean({share(c.right, c.targets), share(c.right_outside(), outside)},
                       {c.targets > 0 ? 1.0 : 0.0, outside > 0 ? 1.0 : 0.0});
}

std::vector<double> balanced(const CountedClasses& counted) {
  std::vector<double> values, weights;
  for (const ClassCounts& c : counted.classes) {
    values.push_back(counted.is_multiclass() ? share(c.right, c.targets) : of_decision(c));
    weights.push_back(counted.is_multiclass() && c.targets == 0 ? 0 : 1);
  }
  return {weighted_mean(values, weights)};
}

}  // namespace

Metric metric_balanced_accuracy(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  return count_metric(choice.as<catalog::BalancedAccuracyParams>(), types, balanced);
}

}  // namespace fdl::nn
