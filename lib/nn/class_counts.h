#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "lib/catalog/class_metric.h"
#include "lib/nn/metric.h"

// Metrics that follow from how often each class was the answer, the target, and both.
namespace fdl::nn {

// Of one class, or of one binary decision. Numbers are exact as long as they are below 2^53.
struct ClassCounts {
  double right = 0;    // answers for the class where it is the target
  double answers = 0;  // for the class
  double targets = 0;  // that are the class
  double total = 0;    // targets that count

  double missed() const { return targets - right; }
  double wrong() const { return answers - right; }
  double right_outside() const { return total - targets - answers + right; }
};

struct CountedClasses {
  catalog::ClassTask task = catalog::ClassTask::Multiclass;
  std::vector<ClassCounts> classes;

  bool is_binary() const { return task == catalog::ClassTask::Binary; }
  bool is_multiclass() const { return task == catalog::ClassTask::Multiclass; }
  ClassCounts together() const;
};

// a / b, and 0 where there is nothing to divide by.
inline double share(double a, double b) { return b == 0 ? 0 : a / b; }

// A metric from those counts.
using CountRule = std::function<std::vector<double>(const CountedClasses& counted)>;
Metric count_metric(const catalog::DecisionParams& params, const catalog::TensorTypes& types,
                    CountRule rule);

// One value for each class by `rule`, averaged as `average` says. In the means of a multiclass form
// a class that is neither answer nor target has no part.
using ClassRule = std::function<double(const ClassCounts& counts)>;
Metric averaged_metric(const catalog::DecisionParams& params,
                       const catalog::AverageParams& averages, const catalog::TensorTypes& types,
                       ClassRule rule);

// The number of its answer along a row: the largest, or of a binary form whether it is above the
// threshold.
class Decision {
 public:
  explicit Decision(const catalog::DecisionParams& params)
      : limit_(params.logits ? std::log(params.threshold / (1 - params.threshold))
                             : params.threshold) {}
  template <typename T>
  bool operator()(T score) const {
    return static_cast<double>(score) > limit_;
  }

 private:
  double limit_;
};

// Mean of the values weighted by `weights`; not a number where these add up to nothing. Values that
// are not numbers have no part.
double weighted_mean(const std::vector<double>& values, const std::vector<double>& weights);

// As a metric's values: `average` of the value of each class, with its number of targets.
std::vector<double> averaged(const std::string& average, std::vector<double> values,
                             const std::vector<double>& num_targets);

}  // namespace fdl::nn
