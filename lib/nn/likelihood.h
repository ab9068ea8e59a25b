#pragma once

#include <functional>

#include "lib/catalog/class_metric.h"
#include "lib/nn/metric.h"

namespace fdl::nn {

// A function of the mean of -log p(right class), in nats, over the targets that count.
Metric likelihood_metric(const catalog::ProbabilityParams& params,
                         const catalog::TensorTypes& types, std::function<double(double)> of_mean);

}  // namespace fdl::nn
