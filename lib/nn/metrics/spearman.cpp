#include "lib/catalog/metrics/spearman.h"

#include <algorithm>
#include <numeric>

#include "lib/nn/declarations.h"
#include "lib/nn/value_pairs.h"

namespace fdl::nn {

namespace {

// From 1; equal values share the mean of their ranks.
std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> out(values.size());
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double rank = static_cast<double>(begin + end + 1) / 2;
    for (std::size_t i = begin; i < end; ++i) out[order[i]] = rank;
  }
  return out;
}

}  // namespace

Metric metric_spearman(const catalog::Choice& choice, const catalog::TensorTypes& types) {
  (void)choice;
  return kept_metric(types, [](std::vector<double> output, std::vector<double> target) {
    const std::vector<double> x = ranks(output), y = ranks(target);
    Moments moments;
    for (std::size_t i = 0; i < x.size(); ++i) moments.add(x[i], y[i]);
    return moments.correlation();
  });
}

}  // namespace fdl::nn
