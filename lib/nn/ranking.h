#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "lib/catalog/class_metric.h"
#include "lib/nn/metric.h"

// Metrics of the order in which the scores of a class stand, one class against the rest.
namespace fdl::nn {

// Equal scores: how many of them are of targets in the class, and outside it.
struct ScoreGroup {
  std::int64_t inside = 0, outside = 0;
};

// From the largest score to the smallest; both kinds are there.
using RankingRule = std::function<double(const std::vector<ScoreGroup>& groups)>;

// The average over classes of `rule`. A class of which there are targets only, or none, has no part
// and is not a number by itself. Keeps every probability (of a binary form, every score), or, with
// `thresholds`, how many fall in each of so many bins.
Metric ranking_metric(const catalog::RankingParams& params, const catalog::TensorTypes& types,
                      RankingRule rule);

}  // namespace fdl::nn
