#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lib/catalog/value_metric.h"
#include "lib/nn/metric.h"

// Metrics that compare numbers with numbers.
namespace fdl::nn {

// A function of the mean of `term` over the values that count.
using Term = std::function<void(double output, double target, ExactSum& sum)>;
Metric mean_metric(const catalog::TensorTypes& types, Term term,
                   std::function<double(double)> of_mean);

// First and second moments of pairs; sums are exact to twice a double, so that nothing is lost
// where values are far from 0.
struct Moments {
  std::int64_t count = 0;
  ExactSum x, y, xx, yy, xy;  // output x, target y

  void add(double output, double target);

  // Each times the count squared, without rounding that matters: variances, the covariance, and
  // the variance and the square of the mean of x - y.
  double var_x() const;
  double var_y() const;
  double covariance() const;
  double var_error() const;
  double square_error() const;  // the mean of (x - y)^2 times the count squared
  double correlation() const;   // not a number where one of the two does not vary
};

// A function of the moments of each column.
Metric moments_metric(const catalog::TensorTypes& types,
                      std::function<double(const std::vector<Moments>&)> of_columns);

// 1 - error / variance of the target, over columns; the error without its mean where `centred`. A
// target that does not vary gives 1 where the output is right, else 0.
std::function<double(const std::vector<Moments>&)> explained(const std::string& multioutput,
                                                             bool centred);
double plain_mean(const std::vector<double>& values);

// The mean over columns of a function of all outputs and all targets.
Metric kept_metric(const catalog::TensorTypes& types,
                   std::function<double(std::vector<double>, std::vector<double>)> of_pairs);

}  // namespace fdl::nn
