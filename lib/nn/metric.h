#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/catalog/entry_spec.h"
#include "lib/nn/loss.h"

// The computing half of lib/catalog/metrics. What a metric has seen is a value apart from the
// metric: it is saved, restored, and joined with what another process has seen.
namespace fdl::nn {

// A sum of doubles that keeps about 106 bits, so that neither the order nor the grouping of what is
// added shows in a double. Source: Dekker 1971, add2; Knuth, volume 2, section 4.2.2, theorem B.
struct ExactSum {
  double high = 0, low = 0;

  void add(double value);
  void add(const ExactSum& other);
  void add_product(double a, double b);  // exactly
  double value() const { return high + low; }

  friend bool operator==(const ExactSum&, const ExactSum&) = default;
};
ExactSum product(const ExactSum& a, const ExactSum& b);
ExactSum difference(const ExactSum& a, const ExactSum& b);

struct MetricState {
  std::vector<std::int64_t> counts;
  std::vector<ExactSum> sums;
  std::vector<double> kept;  // rows of what must stay whole, such as scores

  // Adds what another state has seen; both are of the same metric.
  void merge(const MetricState& other);

  friend bool operator==(const MetricState&, const MetricState&) = default;
};

// Why a batch cannot be measured.
struct MetricProblem {
  std::int64_t sample = 0;       // within the batch
  std::string text;              // "the target is 7 where there are 5 classes"
  bool is_about_output = false;  // a number that is none; else the data are wrong
};

struct Metric {
  MetricState empty;
  // Adds a batch: output, target and mask, which is undefined where none is given. With a problem
  // the state is as it was.
  std::function<std::optional<MetricProblem>(MetricState& state, const Compared& compared)> add;
  // One value for each of the entry's parts; not a number where what was seen defines none.
  std::function<std::vector<double>(const MetricState& state)> values;
  // Rows of a table; of a metric that is one.
  std::function<std::vector<std::vector<double>>(const MetricState& state)> table;
};

// The metric of a manifest for tensors of these types, as bind_loss.
Metric bind_metric(const catalog::Choice& choice, const catalog::TensorTypes& types);

// A mean over batches of any sizes, in double: of a loss.
struct RunningMean {
  double sum = 0;  // both are state: saved and restored, a mean goes on with the same bits
  double weight = 0;

  void add(const LossValue& batch);  // reads the loss
  void add(double batch_mean, double batch_weight);
  double mean() const;  // not a number when nothing was counted
};

}  // namespace fdl::nn
