#include "commands/bench/statistics.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "lib/base/check.h"
#include "lib/base/quantile.h"

namespace fdl::commands::bench {

double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }

double spread(const std::vector<double>& values) {
  constexpr double kMadToSigma = 1.4826;
  const double middle = median(values);
  std::vector<double> apart;
  for (const double value : values) apart.push_back(std::abs(value - middle));
  return kMadToSigma * median(std::move(apart));
}

std::pair<double, double> ratio_interval(const std::vector<double>& above,
                                         const std::vector<double>& below) {
  FDL_CHECK(above.size() == below.size());
  constexpr int kResamples = 10'000;
  std::mt19937_64 draw(0);  // its numbers are the same everywhere; a distribution's are not
  std::vector<double> ratios, some_above(above.size()), some_below(above.size());
  for (int i = 0; i < kResamples; ++i) {
    for (std::size_t k = 0; k < above.size(); ++k) {
      const std::size_t round = draw() % above.size();
      some_above[k] = above[round];
      some_below[k] = below[round];
    }
    ratios.push_back(median(some_above) / median(some_below));
  }
  return {quantile(ratios, 0.025), quantile(ratios, 0.975)};
}

}  // namespace fdl::commands::bench
