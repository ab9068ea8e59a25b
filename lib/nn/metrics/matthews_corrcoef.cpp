#include "lib/catalog/metrics/matthews_corrcoef.h"

#include "lib/nn/class_counts.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

namespace {

// 0 where all answers or all targets are one class.
double correlation(double num_right, const std::vector<ClassCounts>& classes, double total) {
  double both = 0, answers = 0, targets = 0;
  for (const ClassCounts& c : classes) {
    both += c.answers * c.targets;
    answers += c.answers * c.answers;
    targets += c.targets * c.targets;
  }
  const double square = total * total;
  return share(num_right * total - both, std::sqrt(square - answers) * std::sqrt(square - targets));
}

std::vector<double> correlations(const CountedClasses& counted) {
  if (counted.is_multiclass())
    return {correlation(counted.together().right, counted.classes, counted.classes.front().total)};
  std::vector<double> values;
  for (const ClassCounts& c : counted.classes) {
    const ClassCounts outside{c.right_outside(), c.total - c.answers, c.total - c.targets, c.total};
    values.push_back(correlation(c.right + c.right_outside(), {c, outside}, c.total));
  }
  return averaged("macro", values, values);
}

}  // namespace

Metric metric_matthews_corrcoef(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  return count_metric(choice.as<catalog::MatthewsCorrcoefParams>(), types, correlations);
}

}  // namespace fdl::nn
