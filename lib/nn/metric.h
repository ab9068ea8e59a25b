#pragma once

#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

#include "lib/catalog/entry_spec.h"
#include "lib/nn/loss.h"

// The computing half of lib/catalog/metrics.
namespace fdl::nn {

// What one batch adds to a metric.
struct MetricValue {
  double sum = 0;
  std::int64_t num_targets = 0;
};

using Metric = std::function<MetricValue(const at::Tensor& output, const at::Tensor& target)>;

// As bind_loss.
Metric bind_metric(const catalog::Choice& choice, const catalog::TensorType& output,
                   const catalog::TensorType& target);

// A mean over batches of any sizes, in double: of a metric, or of a loss.
struct RunningMean {
  double sum = 0;  // both are state: saved and restored, a mean goes on with the same bits
  std::int64_t num_targets = 0;

  void add(const MetricValue& batch);
  void add(const LossValue& batch);  // reads the loss
  double mean() const;               // not a number when nothing was counted
};

}  // namespace fdl::nn
