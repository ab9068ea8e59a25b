#include "lib/catalog/metrics/cohen_kappa.h"

#include "lib/nn/class_counts.h"
#include "lib/nn/declarations.h"

namespace fdl::nn {

namespace {

// From how many are right, and the answers and targets of each class.
double kappa(double num_right, const std::vector<ClassCounts>& classes, double total) {
  double by_chance = 0;
  for (const ClassCounts& c : classes) by_chance += c.answers * c.targets;
  return (num_right * total - by_chance) / (total * total - by_chance);
}

ClassCounts outside(const ClassCounts& c) {
  return {c.right_outside(), c.total - c.answers, c.total - c.targets, c.total};
}

std::vector<double> agreement(const CountedClasses& counted) {
  if (counted.is_multiclass())
    return {kappa(counted.together().right, counted.classes, counted.classes.front().total)};
  std::vector<double> values;
  for (const ClassCounts& c : counted.classes)
    values.push_back(kappa(c.right + c.right_outside(), {c, outside(c)}, c.total));
  return averaged("macro", values, values);
}

}  // namespace

Metric metric_cohen_kappa(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  return count_metric(choice.as<catalog::CohenKappaParams>(), types, agreement);
}

}  // namespace fdl::nn
