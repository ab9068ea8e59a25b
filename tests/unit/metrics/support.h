#pragma once

#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/catalog/catalog.h"
#include "lib/nn/metric.h"

// What the tests of metrics share.
namespace fdl::testing {

// Types with a batch axis B, whatever the size of this batch.
catalog::TensorTypes batch_types(const nn::Compared& compared);

// `text`: "f1: {average: none}". A text that cannot be read fails the test.
catalog::Choice metric_choice(const std::string& text);
// Why a metric does not take tensors of these types; "" when it does.
std::string refusal(const std::string& text, const catalog::TensorTypes& types);
// Output, target and perhaps a mask, which the metric must take.
nn::Metric metric_of(const std::string& text, const nn::Compared& compared);

// Samples begin ... end - 1 of each tensor.
nn::Compared samples(const nn::Compared& compared, std::int64_t begin, std::int64_t end);

// Adds a batch, which must have no problem.
void add(const nn::Metric& metric, nn::MetricState& state, const nn::Compared& compared);
// Its values, or its table row by row, after one batch.
std::vector<double> values_of(const std::string& text, const nn::Compared& compared);
std::vector<double> flat_values(const nn::Metric& metric, const nn::MetricState& state);

}  // namespace fdl::testing
