#include "lib/base/trend.h"

#include <algorithm>
#include <cmath>

namespace fdl::trend {
namespace {

std::span<const double> last(std::span<const double> values, std::size_t window) {
  return window == 0 || window >= values.size() ? values : values.last(window);
}

}  // namespace

double slope(std::span<const double> values, std::size_t window) {
  values = last(values, window);
  if (values.size() < 2) return 0;
  const auto n = static_cast<double>(values.size());
  double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto x = static_cast<double>(i);
    sum_x += x;
    sum_y += values[i];
    sum_xx += x * x;
    sum_xy += x * values[i];
  }
  return (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x);
}

bool stalled(std::span<const double> values, std::size_t window, double tolerance) {
  return std::abs(slope(values, window)) < tolerance;
}

bool improving(std::span<const double> values, std::size_t window, Better better) {
  const double found = slope(values, window);
  return better == Better::Lower ? found < 0 : found > 0;
}

bool converged(std::span<const double> values, std::size_t window, double tolerance) {
  values = last(values, window);
  if (values.size() < 2) return false;
  const auto n = static_cast<double>(values.size());
  double mean = 0, variance = 0;
  for (const double value : values) mean += value / n;
  for (const double value : values) variance += (value - mean) * (value - mean) / n;
  return variance < tolerance;
}

bool is_full(std::span<const double> values, std::size_t window) {
  return values.size() >= std::max<std::size_t>(window, 2);
}

bool holds(const Rule& rule, std::vector<double>& seen, double value) {
  if (!std::isfinite(value)) return false;
  seen.push_back(value);
  if (seen.size() > rule.window) seen.erase(seen.begin());
  if (!is_full(seen, rule.window)) return false;
  return rule.kind == Kind::Stalled ? stalled(seen, rule.window, rule.tolerance)
                                    : converged(seen, rule.window, rule.tolerance);
}

}  // namespace fdl::trend
