#include "lib/base/quantile.h"

#include <algorithm>
#include <cmath>

#include "lib/base/check.h"

namespace fdl {

double quantile(std::vector<double> values, double share) {
  FDL_CHECK(!values.empty());
  std::sort(values.begin(), values.end());
  const double at = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(at));
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - std::floor(at)) * (values[above] - values[below]);
}

}  // namespace fdl
